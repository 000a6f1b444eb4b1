// Gives each frame of a result the height that its page says it has.
addEventListener("message", ({ data, origin, source }) => {
  if (data?.type !== "livecount-height") return;
  for (const frame of document.querySelectorAll("iframe")) {
    if (frame.contentWindow === source && new URL(frame.src).origin === origin) frame.style.height = `${data.height}px`;
  }
});

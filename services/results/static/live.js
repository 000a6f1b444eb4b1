// Keeps a contest's page fresh: each new standing brings the page's own <main> again.
const bar = document.getElementById("livebar");
const text = document.getElementById("livetext");
const pause = document.getElementById("pause");
const announce = document.getElementById("announce");
const ANNOUNCE_EVERY_MS = 20_000;
const REFRESH_EVERY_MS = 500;
let paused = false;
let missed = false;
let newest = "";
let busy = false;
let shown = "";
let announcedAt = 0;

const say = (words, state) => {
  text.textContent = words;
  bar.dataset.state = state;
};

async function refresh() {
  if (paused || busy || document.hidden) {
    missed = true;
    return;
  }
  busy = true;
  missed = false;
  try {
    const answer = await fetch(`${location.pathname}?fragment=1`);
    if (answer.ok) show(await answer.text(), newest);
  } finally {
    setTimeout(() => {
      busy = false;
      if (missed) refresh();
    }, REFRESH_EVERY_MS);
  }
}

function show(html, sequence) {
  const main = document.getElementById("main");
  const open = new Map([...main.querySelectorAll("details[id]")].map((d) => [d.id, d.open]));
  const focused = main.contains(document.activeElement) ? document.activeElement : null;
  const path = focused && [...main.querySelectorAll("a,summary,[tabindex]")].indexOf(focused);
  main.innerHTML = html;
  for (const [id, state] of open) {
    const details = document.getElementById(id);
    if (details) details.open = state;
  }
  if (focused) main.querySelectorAll("a,summary,[tabindex]")[path]?.focus({ preventScroll: true });
  say(sequence ? `Live · standing ${Number(sequence).toLocaleString("en")}` : "Live", "live");
  speak(document.getElementById("headline")?.textContent ?? "");
}

function speak(headline) {
  const now = Date.now();
  const essence = headline.replace(/[\d,.%()]+/g, "");
  if (essence === shown || now - announcedAt < ANNOUNCE_EVERY_MS) return;
  shown = essence;
  announcedAt = now;
  announce.textContent = headline;
}

function connect() {
  const feed = new EventSource(bar.dataset.stream);
  feed.onopen = () => say("Live", "live");
  feed.onerror = () => say("Reconnecting…", "stale");
  feed.addEventListener("standing", (event) => {
    newest = event.lastEventId;
    refresh();
  });
}

pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Resume updates" : "Pause updates";
  say(paused ? "Paused" : "Live", paused ? "stale" : "live");
  if (!paused && missed) refresh();
});
document.addEventListener("visibilitychange", () => !document.hidden && missed && refresh());
bar.hidden = false;
connect();

// A framed result: keeps itself fresh, and tells the page around it how high it is.
import { bringMain } from "./patch.js";
import { onEveryStanding } from "./follow.js";

const tell = () => {
  const height = Math.ceil(document.body.getBoundingClientRect().height);
  parent.postMessage({ type: "livecount-height", height }, "*");
};
new ResizeObserver(tell).observe(document.body);
onEveryStanding(document.body.dataset.stream, bringMain);

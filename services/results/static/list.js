// Keeps a page of cards fresh, and sorts and narrows it down where there are many.
import { bringMain } from "./patch.js";

const REFRESH_EVERY_MS = 3_000;
const tools = document.getElementById("tools");
const find = document.getElementById("find");
const sort = document.getElementById("sort");
const which = document.getElementById("which");
const shown = document.getElementById("shown");

const cards = () => [...document.querySelectorAll(".cards > li")];
const by = (name) => (a, b) => Number(b.dataset[name]) - Number(a.dataset[name]);
const ORDERS = {
  page: by("place"),
  counted: by("counted"),
  close: (a, b) => Number(a.dataset.lead) - Number(b.dataset.lead),
};

const isFinal = (card) => ["unofficial-complete", "certified"].includes(card.dataset.status);
const CHOICES = {
  "": () => true,
  final: isFinal,
  open: (card) => !isFinal(card) && card.dataset.certain !== "1",
};

function arrange() {
  const words = find.value.trim().toLowerCase();
  const list = document.querySelector(".cards");
  if (!list) return;
  const ordered = cards().sort(ORDERS[sort.value]);
  ordered.forEach((card, place) => {
    card.hidden = !card.textContent.toLowerCase().includes(words) || !CHOICES[which.value](card);
    if (list.children[place] !== card) list.insertBefore(card, list.children[place]);
  });
  const left = ordered.filter((card) => !card.hidden).length;
  shown.textContent = words || which.value ? `${left} of ${ordered.length}` : "";
}

async function refresh() {
  if (document.hidden) return;
  try {
    if (await bringMain()) arrange();
  } catch {
    // The page is as it was; the next time may do.
  }
}

tools.hidden = cards().length < 8;
find.addEventListener("input", arrange);
sort.addEventListener("change", arrange);
which.addEventListener("change", arrange);
setInterval(refresh, REFRESH_EVERY_MS);
document.addEventListener("visibilitychange", refresh);

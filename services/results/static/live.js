// Keeps a page fresh. Each new standing brings the page's own <main> again, and what differs is changed in place: so
// scrolling, the selection, open sections and the focus stay as they are. Rounds are shown without leaving the page.
import { bringMain } from "./patch.js";

const bar = document.getElementById("livebar");
const text = document.getElementById("livetext");
const pause = document.getElementById("pause");
const play = document.getElementById("play");
const announce = document.getElementById("announce");
const ANNOUNCE_EVERY_MS = 20_000;
const REFRESH_EVERY_MS = 500;
const PLAY_EVERY_MS = 1_600;
const POLL_EVERY_MS = 10_000;
const SILENT_MS = 40_000; // a heartbeat comes every 15 s
let paused = false;
let missed = false;
let newest = "";
let busy = false;
let spoken = "";
let announcedAt = 0;
let speaking = 0;
let playing = 0;
const playWords = play.innerHTML;

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
  const sequence = newest;
  try {
    const headers = await fetchMain();
    if (headers) {
      if (headers.get("Livecount-Stale")) say("Delayed: the newest figures may be missing", "stale");
      else if (sequence) say(`Live · standing ${Number(sequence).toLocaleString("en")}`, "live");
      speak(document.getElementById("headline")?.textContent ?? "");
    }
  } catch {
    say("Reconnecting…", "stale");
  } finally {
    setTimeout(() => {
      busy = false;
      if (missed) refresh();
    }, REFRESH_EVERY_MS);
  }
}

async function fetchMain() {
  const headers = await bringMain(newest);
  if (!headers) return undefined;
  play.hidden = rounds().length < 2;
  localTimes();
  return headers;
}

// Beside each time in UTC what it is where the reader is, if that differs.
const hour = (time) => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const here = (time, from) =>
  new Date(time).getTimezoneOffset() ? ` (${from ? `${hour(from)} to ` : ""}${hour(time)} where you are)` : "";

function localTimes() {
  for (const local of document.querySelectorAll("time + .local")) {
    local.textContent = here(local.previousElementSibling.dateTime, local.dataset.from);
  }
}

// Say the headline if more than its figures has changed: at most so often, and the last one in the end.
function speak(headline) {
  const essence = headline.replace(/[\d,.%()]+/g, "");
  clearTimeout(speaking);
  if (essence === spoken) return;
  const wait = announcedAt + ANNOUNCE_EVERY_MS - Date.now();
  if (wait > 0) {
    speaking = setTimeout(() => speak(headline), wait);
    return;
  }
  spoken = essence;
  announcedAt = Date.now();
  announce.textContent = headline;
}

function connect() {
  const feed = new EventSource(bar.dataset.stream);
  let silence = 0;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      say("Reconnecting…", "stale"); // a dead line brings no error of its own
      feed.close();
      connect();
    }, SILENT_MS);
  };
  feed.onopen = () => {
    heard();
    say("Live", "live");
  };
  feed.onerror = () => {
    say("Reconnecting…", "stale");
    if (feed.readyState !== EventSource.CLOSED) return;
    clearTimeout(silence);
    setTimeout(againLater, POLL_EVERY_MS); // no room: ask instead
  };
  feed.addEventListener("beat", heard);
  feed.addEventListener("standing", (event) => {
    heard();
    newest = event.lastEventId;
    refresh();
  });
  heard();
}

function againLater() {
  refresh();
  connect();
}

async function showRound(href) {
  history.replaceState(null, "", href);
  await fetchMain();
}

const rounds = () => [...document.querySelectorAll(".steps a")];

// A slider in place of the list of earlier times; letting go of it leads to that standing's own page.
function scrub(form) {
  const [list, slider, text] = ["when", "back", "backtext"].map((id) => document.getElementById(id));
  const say = () => {
    text.textContent = list.options[slider.value].text;
    slider.setAttribute("aria-valuetext", text.textContent);
  };
  for (const option of list.options) option.text += here(option.dataset.time);
  slider.value = list.selectedIndex;
  list.hidden = true;
  slider.hidden = text.hidden = false;
  form.querySelector("label").htmlFor = "back";
  slider.addEventListener("input", () => {
    list.selectedIndex = slider.value;
    say();
  });
  say();
}

// Show one round after another from the first, and stop at the last; again stops at once.
function playRounds() {
  const stop = () => {
    clearInterval(playing);
    playing = 0;
    play.innerHTML = playWords;
  };
  if (playing) return stop();
  let place = 0;
  const step = () => {
    const links = rounds();
    if (place >= links.length) return stop();
    showRound(links[place++].href);
  };
  play.textContent = "Stop";
  playing = setInterval(step, PLAY_EVERY_MS);
  step();
}

document.addEventListener("click", (event) => {
  const step = event.target.closest(".steps a");
  if (!step || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  showRound(step.href);
});
// The arrows show the round before or after, where the focus is on the rounds or on the player.
document.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || event.altKey || event.ctrlKey || event.metaKey || !event.target.closest(".steps, #play")) return;
  const links = rounds();
  const next = links[links.findIndex((link) => link.hasAttribute("aria-current")) + by];
  if (!next) return;
  event.preventDefault();
  if (event.target.closest(".steps")) next.focus();
  showRound(next.href);
});
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.firstChild.textContent = paused ? "Resume" : "Pause";
  say(paused ? "Paused" : "Live", paused ? "stale" : "live");
  if (!paused && missed) refresh();
});
play.addEventListener("click", playRounds);
document.addEventListener("visibilitychange", () => !document.hidden && missed && refresh());
play.hidden = rounds().length < 2;
localTimes();
if (document.getElementById("asof")) scrub(document.getElementById("asof"));
if (document.getElementById("past")) {
  pause.hidden = true;
  bar.hidden = play.hidden;
  say("A past standing", "past");
} else {
  bar.hidden = false;
  connect();
}

// Calls back with the sequence of each new standing of a stream, at most twice a second, and never twice at once. Returns how to stop.
const EVERY_MS = 500;
const AGAIN_MS = 10_000;

export function onEveryStanding(stream, callback) {
  let busy = false;
  let missed = false;
  let feed;
  let newest = "";
  const refresh = async () => {
    missed = busy;
    if (busy) return;
    busy = true;
    try {
      await callback(newest);
    } catch {
      missed = true; // the next time may do
    }
    setTimeout(() => {
      busy = false;
      if (missed) refresh();
    }, EVERY_MS);
  };
  const connect = () => {
    feed = new EventSource(stream);
    feed.addEventListener("standing", (event) => {
      newest = event.lastEventId;
      refresh();
    });
    feed.onerror = () => feed.readyState === EventSource.CLOSED && setTimeout(connect, AGAIN_MS);
  };
  connect();
  return () => feed.close();
}

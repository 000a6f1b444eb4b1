// The receipt page: looks a receipt up where there is a network, and checks its proof with `checkReceipt` above.

const about = JSON.parse(document.getElementById("about").textContent);
const byId = (id) => document.getElementById(id);
const online = location.protocol.startsWith("http");

class Sentence extends Error { constructor(said, kind) { super(said); this.kind = kind; } }

function readReceipt(typed) {
  let receipt;
  try { receipt = JSON.parse(typed); } catch { throw new Sentence("This is no receipt: expected the text that was given to you, from { to }.", "bad"); }
  const whole = receipt?.type === "receipt/1" && /^[0-9a-f]{64}$/.test(receipt.who) && /^[a-z0-9-]{1,48}$/.test(receipt.election);
  if (!whole) throw new Sentence("This is no receipt: a part of it is missing.", "bad");
  return receipt;
}

async function lookUp(receipt) {
  const answer = await fetch(`/v1/elections/${receipt.election}/receipts/${receipt.who}`, { referrerPolicy: "no-referrer" });
  if (answer.status === 404) throw new Sentence("This ballot is not in the log, or was not judged yet. If you have just voted, ask again in a few seconds. If this stays so, show your receipt to the returning officer.", "wait");
  if (!answer.ok) throw new Sentence("The log does not answer at present. Ask again in a moment.", "wait");
  return answer.json();
}

function show(kind, sentence, facts = [], proved = null) {
  const box = Object.assign(document.createElement("p"), { className: `answer ${kind}`, textContent: sentence });
  const list = document.createElement("dl");
  for (const [name, value] of facts) {
    list.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value }));
  }
  byId("answer").replaceChildren(box, list);
  if (proved) {
    const href = URL.createObjectURL(new Blob([JSON.stringify(proved, null, 1)], { type: "application/json" }));
    const link = Object.assign(document.createElement("a"), { href, download: `${proved.election}-receipt-proved.json`, textContent: "Download the receipt with its proof" });
    byId("answer").append(link);
  }
}

const counts = (reason) => reason === "accepted" || reason === "superseding";

const STATUS = {
  "pre-election": "voting has not begun", "unofficial-partial": "ballots are still coming in",
  "unofficial-complete": "voting has closed", certified: "certified",
};

function sentenceOf(reason, superseded, isYours) {
  const whose = isYours ? "Your ballot" : "The ballot";
  if (superseded) return `${whose} is in the log and was accepted. A later ballot of the same elector has superseded it: the later one counts.`;
  return counts(reason) ? `${whose} is in the log and was accepted.` : `${whose} is in the log, and was not accepted: ${about.words[reason] ?? reason}.`;
}

async function check() {
  const receipt = readReceipt(byId("receipt").value.trim());
  const code = byId("code").value.trim();
  const found = online ? await lookUp(receipt) : null;
  if (found) { receipt.shard = found.shard; receipt.proof = found.proof; }
  if (found && !receipt.proof) throw new Sentence("The ballot is recorded and judged. Its proof comes with the next signed root: ask again in a few seconds.", "wait");
  if (!receipt.proof) throw new Sentence("This receipt holds no proof. Look it up where there is a network, and download it with its proof.", "wait");
  const signer = { name: `livecount/${receipt.log}/${receipt.shard}`, key: about.key };
  const proved = await checkReceipt(receipt, signer, code || undefined);
  const facts = [
    ["Recorded", found ? `shard ${found.shard}, record ${found.offset}, ballot ${found.index + 1} in it` : `shard ${proved.shard}`],
    ["Judged", `${counts(proved.reason) ? "accepted" : "not accepted"}: ${found?.in_words ?? about.words[proved.reason] ?? proved.reason}`],
    ["Proved", `leaf ${proved.index + 1} of ${proved.size}, under a root that the log has signed`],
    ...(found?.standings ?? []).map((of) => [`Counted: ${of.title}`, `in standing ${of.sequence} and each later one (${STATUS[of.status] ?? of.status})`]),
  ];
  const superseded = Boolean(found?.superseded);
  show(counts(proved.reason) && !superseded ? "good" : "wait", sentenceOf(proved.reason, superseded, Boolean(code)), facts, receipt);
}

byId("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) byId("receipt").value = await file.text();
});

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("check").disabled = true;
  try { await check(); } catch (fault) {
    const said = fault.kind ? fault.message : fault.name === "NotSupportedError" ? "This browser cannot check Ed25519 signatures; a newer one can." : `Not proved: ${fault.message}.`;
    show(fault.kind ?? "bad", said);
  } finally { byId("check").disabled = false; }
});

// A link may bring the receipt in its fragment, which browsers do not send.
const SHORT = /^#([0-9a-f]{32})\.([a-z0-9-]{1,48})\.([0-9a-f]{32})\.(\d{1,5})\.([0-9a-f]{64})$/;

function receiptOfLink() {
  const short = SHORT.exec(location.hash);
  if (!short) return new URLSearchParams(location.hash.slice(1)).get("receipt");
  const [, log, election, ballot_id, shard, who] = short;
  return JSON.stringify({ type: "receipt/1", log, election, ballot_id, shard: Number(shard), who });
}

const brought = receiptOfLink();
if (brought) {
  byId("receipt").value = brought;
  history.replaceState(null, "", location.pathname);
  byId("form").requestSubmit();
}

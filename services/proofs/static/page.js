// The receipt page: looks a receipt up where there is a network, and checks its proof with `checkReceipt` above.

const about = JSON.parse(document.getElementById("about").textContent);
const byId = (id) => document.getElementById(id);
for (const part of document.querySelectorAll("[data-script], [data-plain]")) part.hidden = "plain" in part.dataset;
const online = location.protocol.startsWith("http");

const said = (key, values = {}) => about.words[key].replace(/%\((\w+)\)s/g, (_, name) => values[name]);

// What whoever asks is to know: a key of the page's words, and of which kind it is.
class Answer extends Error { constructor(key, kind) { super(said(key)); this.kind = kind; } }

// A link may bring the receipt in its fragment, which browsers do not send.
const SHORT = /#([0-9a-f]{32})\.([a-z0-9-]{1,48})\.([0-9a-f]{32})\.(\d{1,5})\.([0-9a-f]{64})\b/;
// Digits alone name no election: only the server can look for them.
const isDigits = (typed) => /^[0-9a-f]{64}$/i.test(typed.replace(/[\s-]+/g, ""));

function receiptOfLink(link) {
  const short = SHORT.exec(link);
  if (!short) return null;
  const [, log, election, ballot_id, shard, who] = short;
  return JSON.stringify({ type: "receipt/1", log, election, ballot_id, shard: Number(shard), who });
}

function readReceipt(typed) {
  let receipt;
  try { receipt = JSON.parse(receiptOfLink(typed) ?? typed); } catch { throw new Answer("no text", "bad"); }
  const whole = receipt?.type === "receipt/1" && /^[0-9a-f]{64}$/.test(receipt.who) && /^[a-z0-9-]{1,48}$/.test(receipt.election);
  if (!whole) throw new Answer("no receipt", "bad");
  return receipt;
}

async function lookUp(receipt) {
  let answer;
  try {
    answer = await fetch(`/v1/elections/${receipt.election}/receipts/${receipt.who}`, { referrerPolicy: "no-referrer" });
  } catch { throw new Answer("no answer", "wait"); }
  if (answer.status === 404) throw new Answer("unknown", "wait");
  if (!answer.ok) throw new Answer("no answer", "wait");
  return answer.json();
}

function show(kind, sentence, facts = [], proved = null) {
  const box = Object.assign(document.createElement("p"), { className: `answer ${kind}`, textContent: sentence });
  const list = document.createElement("dl");
  for (const [name, value] of facts) {
    list.append(Object.assign(document.createElement("dt"), { textContent: name, dir: "auto" }), Object.assign(document.createElement("dd"), { textContent: value, dir: "auto" }));
  }
  byId("answer").replaceChildren(box, list);
  if (proved) {
    const href = URL.createObjectURL(new Blob([JSON.stringify(proved, null, 1)], { type: "application/json" }));
    const link = Object.assign(document.createElement("a"), { href, download: `${proved.election}-receipt-proved.json`, textContent: said("download") });
    byId("answer").append(link);
  }
}

const counts = (reason) => reason === "accepted" || reason === "superseding";

async function check() {
  const receipt = readReceipt(byId("receipt").value.trim());
  const code = byId("code").value.trim();
  const found = online ? await lookUp(receipt) : null;
  if (found) { receipt.shard = found.shard; receipt.proof = found.proof; }
  if (!receipt.proof) throw new Answer(found ? "no proof yet" : "no proof", "wait");
  const signer = { name: `livecount/${receipt.log}/${receipt.shard}`, key: about.key };
  const proved = await checkReceipt(receipt, signer, code || undefined);
  const superseded = Boolean(found?.superseded), accepted = counts(proved.reason);
  const why = superseded ? about.superseded : about.verdicts[proved.reason] ?? proved.reason;
  const facts = [
    [said("was recorded"), found ? said("where", { shard: found.shard, record: found.offset, ballot: found.index + 1 }) : said("shard", { shard: proved.shard })],
    [said("was judged"), said(accepted ? "judged accepted" : "judged refused", { why })],
    [said("was proved"), said("leaf", { leaf: proved.index + 1, leaves: proved.size })],
    ...(accepted && found?.standings || []).map((of) => [
      said("counted", { contest: of.title }),
      said("standing", { standing: of.sequence, status: about.words[of.status] ?? of.status }),
    ]),
  ];
  const verdict = !accepted ? "refused" : superseded ? "superseded" : "accepted";
  show(accepted && !superseded ? "good" : "wait", said(code ? `${verdict}, yours` : verdict, { why }), facts, receipt);
}

function explain(fault) {
  if (fault.kind) return show(fault.kind, fault.message);
  if (fault.name === "NotSupportedError") return show("wait", said("old browser"));
  if (fault.key) return show("bad", said(fault.key));
  show("bad", said("bad proof"), [[said("detail"), fault.message]]);
  document.querySelector("#answer dd").lang = "en";
}

byId("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) byId("receipt").value = await file.text();
});

byId("form").addEventListener("submit", async (event) => {
  if (event.submitter?.closest("#languages")) return; // the server's answer in another language
  if (online && isDigits(byId("receipt").value)) return;
  event.preventDefault();
  byId("check").disabled = true;
  try { await check(); } catch (fault) { explain(fault); } finally { byId("check").disabled = false; }
});

const brought = receiptOfLink(location.hash) ?? new URLSearchParams(location.hash.slice(1)).get("receipt");
if (brought) {
  byId("receipt").value = brought;
  history.replaceState(null, "", location.pathname + location.search);
  byId("form").requestSubmit();
}

// Another language keeps what is typed; a saved page has one language, and is saved already.
for (const link of document.querySelectorAll("#languages a")) link.addEventListener("click", () => {
  if (byId("receipt").value) link.hash = new URLSearchParams({ receipt: byId("receipt").value });
});
if (!online) for (const part of [byId("languages"), byId("saving")]) if (part) part.hidden = true;

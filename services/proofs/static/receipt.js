// Checks a receipt in the browser or in Node, without any other code and without a network: see services/proofs/receipts.py,
// of which this is the twin; both are held to the same vectors.

const text = new TextEncoder();
const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
const unhex = (digits) => {
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error("expected hexadecimal digits");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
};
const unbase64 = (found) => Uint8Array.from(atob(found), (c) => c.charCodeAt(0));
const join = (...parts) => {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) { joined.set(part, at); at += part.length; }
  return joined;
};
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
const joined = (...parts) => join(...parts.flatMap((part) => {
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, part.length);
  return [size, part];
}));
const hashed = (...parts) => sha256(joined(...parts));

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const fault = (key, said) => Object.assign(new Error(said), { key });

// The elector's number, section and secret of a voting code as it is typed.
export function parseCode(typed) {
  const plain = typed.toUpperCase().replaceAll(" ", "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  const shape = /^([0-9A-Z]{1,7})-([0-9A-Z]{1,3})-([0-9A-Z-]{16,})$/.exec(plain);
  const secret = shape ? shape[3].replaceAll("-", "") : "";
  if (secret.length !== 16 || [...plain.replaceAll("-", "")].some((digit) => !ALPHABET.includes(digit))) {
    throw fault("no code", "a voting code looks like 0CKR7-1-8F3K-2M9Q-X4AB-7TDC, without a U");
  }
  const number = (digits) => [...digits].reduce((sum, digit) => sum * 32n + BigInt(ALPHABET.indexOf(digit)), 0n);
  return { elector: number(shape[1]), section: number(shape[2]), secret: number(secret) };
}

// One block of AES-128 in Matyas-Meyer-Oseas form: the first block of a key stream whose counter is m is E_k(m).
async function commitment(log, election, code) {
  const block = new Uint8Array(16);
  const view = new DataView(block.buffer);
  view.setUint32(0, Number(code.elector), true);
  view.setUint16(4, Number(code.section), true);
  block.set(unhex(code.secret.toString(16).padStart(20, "0")), 6);
  const raw = (await sha256(text.encode(`roll-commitment/${log}/${election}`))).slice(0, 16);
  const key = await crypto.subtle.importKey("raw", raw, "AES-CTR", false, ["encrypt"]);
  const stream = await crypto.subtle.encrypt({ name: "AES-CTR", counter: block, length: 64 }, key, new Uint8Array(16));
  return new Uint8Array(stream).map((byte, at) => byte ^ block[at]).slice(0, 10);
}

const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);
const split = (size) => { let half = 1; while (half * 2 < size) half *= 2; return half; };

async function climb(leaf, index, start, end, proof) {
  if (end - start === 1) {
    if (proof.length) throw new Error(`${proof.length} hashes too many`);
    return leaf;
  }
  if (!proof.length) throw new Error("too few hashes");
  const middle = start + split(end - start);
  const beside = proof.pop();
  return index < middle
    ? nodeHash(await climb(leaf, index, start, middle, proof), beside)
    : nodeHash(beside, await climb(leaf, index, middle, end, proof));
}

// The size and root of a checkpoint that the log's key has signed.
async function readCheckpoint(note, signer) {
  const at = note.lastIndexOf("\n\n");
  if (at < 0) throw new Error("expected a checkpoint: text, an empty line, and signatures");
  const body = note.slice(0, at + 1);
  const [origin, size, root] = body.split("\n");
  const publicKey = unhex(signer.key);
  const keyId = (await sha256(text.encode(`${signer.name}\n`), Uint8Array.of(1), publicKey)).slice(0, 4);
  const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  for (const line of note.slice(at + 2).split("\n")) {
    const [dash, name, signature] = line.split(" ");
    if (dash !== "\u2014" || name !== signer.name) continue;
    const bytes = unbase64(signature);
    if (hex(bytes.slice(0, 4)) === hex(keyId) && await crypto.subtle.verify("Ed25519", key, bytes.slice(4), text.encode(body))) {
      return { origin, size: Number(size), root: unbase64(root) };
    }
  }
  throw new Error(`expected a signature of ${signer.name} that holds`);
}

// What a receipt proves; `signer` is {name, key}. With a voting code also that it is this elector's ballot. Throws an Error, whose
// `key` says what whoever typed can change.
export async function checkReceipt(receipt, signer, code) {
  if (code) {
    const own = await commitment(receipt.log, receipt.election, parseCode(code));
    const who = await hashed(text.encode("who"), unhex(receipt.log), text.encode(receipt.election), own, unhex(receipt.ballot_id));
    if (hex(who) !== receipt.who) throw fault("other code", "this receipt is not of a ballot that was cast with this voting code");
  }
  if (!receipt.proof) throw new Error("the receipt has no proof yet: look it up again in a few seconds");
  const { leaf_index: index, what, reason, hashes, checkpoint } = receipt.proof;
  const leaf = joined(text.encode("leaf"), unhex(receipt.who), unhex(what), text.encode(reason));
  const signed = await readCheckpoint(checkpoint, signer);
  if (signed.origin !== `livecount/${receipt.log}/${receipt.shard}`) {
    throw new Error(`the checkpoint is of ${signed.origin}, not of this log and shard`);
  }
  if (!(index >= 0 && index < signed.size)) throw new Error(`leaf ${index} is not in a tree of ${signed.size}`);
  const root = await climb(await sha256(Uint8Array.of(0), leaf), index, 0, signed.size, hashes.map(unhex));
  if (hex(root) !== hex(signed.root)) throw new Error("the proof does not lead to the checkpoint's root");
  return { reason, index, size: signed.size, shard: receipt.shard };
}

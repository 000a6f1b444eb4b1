// Changes a part of a page in place: what is still right is not touched.

// Ask for the main part of the page at this address again; return its headers if it came. The sequence that was heard of makes the
// address another one, so that no cache on the way gives what was there before.
export async function bringMain(sequence = "") {
  const url = new URL(location.href);
  url.searchParams.set("fragment", "1");
  if (sequence) url.searchParams.set("standing", sequence);
  const answer = await fetch(url);
  if (!answer.ok) return undefined;
  const main = document.getElementById("main");
  const fresh = main.cloneNode(false);
  fresh.innerHTML = await answer.text();
  patch(main, fresh);
  return answer.headers;
}

// What a child is known by among its siblings: its id, or the id of the heading that names it.
const nameOf = (node) => node.id || node.getAttribute?.("aria-labelledby") || "";

// Make `old` like `fresh`, child by child; a child with a name is looked for by it. What is gone goes before what stays is moved: a
// part that moves loses the focus that is in it.
export function patch(old, fresh) {
  let at = old.firstChild;
  const staying = new Set([...fresh.children].map(nameOf).filter(Boolean));
  for (const wanted of [...fresh.childNodes]) {
    const name = nameOf(wanted);
    const named = name && [...old.children].find((child) => nameOf(child) === name);
    while (named && at && at !== named && !staying.has(nameOf(at))) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
    if (named && named !== at) old.insertBefore(named, at);
    const found = named || at;
    if (!found || found.nodeName !== wanted.nodeName || nameOf(found) !== name) {
      old.insertBefore(wanted, found);
      continue;
    }
    if (found.nodeType === Node.ELEMENT_NODE) {
      attributes(found, wanted);
      patch(found, wanted);
    } else if (found.nodeValue !== wanted.nodeValue) {
      found.nodeValue = wanted.nodeValue;
    }
    at = found.nextSibling;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function attributes(old, fresh) {
  const kept = old.nodeName === "DETAILS" ? ["open"] : [];
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !kept.includes(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !kept.includes(name)) old.setAttribute(name, value);
  }
}

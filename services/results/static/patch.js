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

// Make `old` like `fresh`, child by child; a child with an id is looked for by its id.
export function patch(old, fresh) {
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const named = wanted.id && [...old.children].find((child) => child.id === wanted.id);
    if (named && named !== at) old.insertBefore(named, at);
    const found = named || at;
    if (!found || found.nodeName !== wanted.nodeName || (found.id ?? "") !== (wanted.id ?? "")) {
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

// <livecount-result src="https://results.example/elections/E/contests/C"></livecount-result>: a live result in any page.
// Its looks follow the page's --livecount-… properties; embed.css lists them.
import { patch } from "./patch.js";
import { onEveryStanding } from "./follow.js";

class LivecountResult extends HTMLElement {
  static observedAttributes = ["src"];

  connectedCallback() {
    const src = this.getAttribute("src");
    if (!src || this.stop) return;
    const page = new URL(src, location.href);
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const looks = Object.assign(document.createElement("link"), { rel: "stylesheet" });
    looks.href = new URL("embed.css", import.meta.url);
    const result = document.createElement("article");
    root.replaceChildren(looks, result);
    this.stop = onEveryStanding(new URL(`/v1${page.pathname}/stream?light=1`, page), (sequence) => bring(result, page, sequence));
  }

  disconnectedCallback() {
    this.stop?.();
    this.stop = undefined;
  }

  attributeChangedCallback() {
    if (!this.isConnected) return;
    this.disconnectedCallback();
    this.connectedCallback();
  }
}

async function bring(result, page, sequence) {
  const answer = await fetch(new URL(`/embed${page.pathname}?fragment=1&standing=${sequence}`, page));
  if (!answer.ok) throw new Error(`${answer.status} ${page}`);
  const fresh = result.cloneNode(false);
  fresh.innerHTML = await answer.text();
  for (const link of fresh.querySelectorAll("a[href]")) link.href = new URL(link.getAttribute("href"), page);
  patch(result, fresh);
}

customElements.define("livecount-result", LivecountResult);

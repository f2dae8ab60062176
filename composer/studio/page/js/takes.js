// The takes of a project: a list to audition, and the way back from each to what it was made from.

import { $, make, percent } from "./dom.js";

export class Takes {
  /** `choose` hears the id of the take that was asked for. */
  constructor(choose) {
    this.choose = choose;
    this.all = [];
    this.now = null;
    this.kept = null;
    this.after = new Map(); // take → the child that was left last, for Redo
    $("undo").addEventListener("click", () => this.undo());
    $("redo").addEventListener("click", () => choose(this.after.get(this.now)));
    $("takes-list").addEventListener("keydown", (event) => this.key(event));
  }

  get current() {
    return this.find(this.now);
  }

  find(id) {
    return this.all.find((take) => take.id === id);
  }

  /** One more, in the order in which they were made. */
  add(take) {
    this.all = [...this.all, take].sort((a, b) => a.created - b.created);
  }

  /** Leave one out; answers which to show in its stead, if any: what it was made from, else its neighbour. */
  remove({ id, parent }) {
    const order = this.ordered().map(({ take }) => take.id);
    const at = order.indexOf(id);
    this.all = this.all.filter((take) => take.id !== id);
    return this.find(parent)?.id ?? order[at + 1] ?? order[at - 1];
  }

  /** In the order of a family tree: what was made from a take stands behind it; whose parent was deleted begins anew. */
  ordered() {
    const children = new Map();
    for (const take of this.all) {
      const under = this.find(take.parent)?.id;
      children.set(under, [...(children.get(under) ?? []), take]);
    }
    const walk = (parent, depth) => (children.get(parent) ?? []).flatMap((take) => [{ take, depth }, ...walk(take.id, depth + 1)]);
    return walk(undefined, 0);
  }

  undo() {
    const { parent } = this.current;
    this.after.set(parent, this.now);
    this.choose(parent);
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const order = this.ordered();
    const at = order.findIndex(({ take }) => take.id === this.now) + step;
    if (order[at]) this.choose(order[at].take.id);
    event.preventDefault();
    event.stopPropagation();
  }

  show() {
    let roots = 0;
    const buttons = this.ordered().map(({ take, depth }) => {
      const name = depth ? `${"↳ ".repeat(Math.min(depth, 1))}${take.label}` : `${(roots += 1)} · ${take.label}`;
      const heard = Object.entries(take.report.style_fit?.heard_as ?? {}).map(([style, share]) => `${style} ${percent(share)}`);
      const button = make("button", {
        type: "button", textContent: name, role: "option", tabIndex: -1, "aria-selected": String(take.id === this.now), "data-take": take.id,
        className: take.id === this.kept ? "kept" : "",
        title: [`variation ${take.seed}`, heard.length ? `sounds like ${heard.slice(0, 2).join(", ")}` : ""].filter(Boolean).join(" · "),
      });
      button.addEventListener("click", () => this.choose(take.id));
      return button;
    });
    $("takes-list").replaceChildren(...buttons);
    $("takes-list").querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    $("undo").disabled = !this.find(this.current?.parent);
    $("redo").disabled = !this.find(this.after.get(this.now));
    $("keep").disabled = !this.current || this.kept === this.now;
    $("delete").disabled = !this.current || document.body.classList.contains("working");
  }
}

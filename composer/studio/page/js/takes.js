// The takes of a project: a list to audition, and the way back from each to what it was made from. Nothing is ever removed.

import { $, make } from "./dom.js";

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
    return this.all.find(({ id }) => id === this.now);
  }

  /** In the order of a family tree: what was made from a take stands behind it. */
  ordered() {
    const children = Map.groupBy ? Map.groupBy(this.all, ({ parent }) => parent) : grouped(this.all);
    const walk = (parent, depth) => (children.get(parent) ?? []).flatMap((take) => [{ take, depth }, ...walk(take.id, depth + 1)]);
    return walk(null, 0);
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
      const heard = Object.entries(take.report.style_fit?.heard_as ?? {}).map(([style, share]) => `${style} ${Math.round(share * 100)} %`);
      const button = make("button", {
        type: "button", textContent: name, role: "option", tabIndex: -1, "aria-selected": String(take.id === this.now), "data-take": take.id,
        className: take.id === this.kept ? "kept" : "",
        title: [`dice ${take.seed}`, heard.length ? `heard as ${heard.slice(0, 2).join(", ")}` : ""].filter(Boolean).join(" · "),
      });
      button.addEventListener("click", () => this.choose(take.id));
      return button;
    });
    $("takes-list").replaceChildren(...buttons);
    $("takes-list").querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    $("undo").disabled = !this.current?.parent;
    $("redo").disabled = !this.after.has(this.now);
    $("keep").disabled = !this.current || this.kept === this.now;
  }
}

function grouped(takes) {
  const groups = new Map();
  for (const take of takes) groups.set(take.parent, [...(groups.get(take.parent) ?? []), take]);
  return groups;
}

// The start page: a melody to begin with, the projects there are, and what was deleted.

import { discard, get, post } from "./api.js";
import { $, counted, make, notice, sentence, trouble } from "./dom.js";

export class StartPage {
  /** `hands`: begin(bring) makes a project of what bring() answers, open(id) opens one, hush() stops what makes sound. */
  constructor(examples, hands) {
    this.hands = hands;
    $("examples").replaceChildren(
      ...examples.map((name) => pressed(name.split("-").map(sentence).join(" "), () => hands.begin(() => post("/api/seeds/example", { example: name })))),
    );
  }

  async show() {
    $("start").hidden = false;
    const [projects, references, trash] = await Promise.all([get("/api/seeds"), get("/api/seeds?reference=true"), get("/api/trash")]);
    $("earlier").hidden = !projects.length;
    $("projects").replaceChildren(...projects.map((project) => this.project(project)));
    $("models").hidden = !references.length;
    $("references").replaceChildren(...references.map((file) => row([make("span", { textContent: file.name }), small(day(file.created))], this.remover(file))));
    $("trash").hidden = !trash.length;
    $("trash-says").textContent = `Deleted (${trash.length})`;
    $("trashed").replaceChildren(...trash.map((gone) => this.trashed(gone)));
  }

  project(project) {
    const open = pressed("", () => this.hands.open(project.id));
    open.append(make("span", { textContent: project.name }), small(`${counted(project.arrangements, "take")} · ${day(project.created)}`));
    return row([open], this.remover(project));
  }

  trashed(gone) {
    const [name, what] = gone.kind === "seed" ? [gone.name, gone.reference ? "file to play like" : counted(gone.arrangements, "take")] : [`${gone.name}: ${gone.label}`, "1 take"];
    const restore = pressed("Restore", () => this.restore(gone));
    restore.setAttribute("aria-label", `Restore ${name}`);
    return row([make("span", { textContent: name }), small(`${what} · ${day(gone.deleted)}`)], restore);
  }

  remover(seed) {
    const button = pressed("Delete", () => this.remove(seed));
    button.setAttribute("aria-label", `Delete ${seed.name}`);
    return button;
  }

  async remove(seed) {
    await this.hands.hush();
    const gone = await discard(`/api/seeds/${seed.id}`);
    notice(`Deleted “${seed.name}”.`, () => this.restore(gone));
    await this.show();
  }

  async restore({ kind, id }) {
    await post(`/api/${kind}s/${id}/restore`);
    $("notice").hidden = true;
    if (!$("start").hidden) await this.show();
  }
}

/** A button that rests while what it does is being done. */
function pressed(text, act) {
  const button = make("button", { type: "button", textContent: text });
  button.addEventListener("click", async () => {
    button.disabled = true;
    await act().catch(trouble);
    button.disabled = false;
  });
  return button;
}

const row = (what, button) => {
  button.className = "quiet small";
  return make("li", {}, ...what, button);
};
const small = (text) => make("small", { textContent: text });
const day = (seconds) => new Date(seconds * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short" });

// The form that says how the band is to play, and what it asks of the API.

import { Trouble, post, upload } from "./api.js";
import { $, make, option, sentence, trouble } from "./dom.js";
import { COLOURS } from "./roll.js";

const LEVELS = { density: ["sparse", "busy"], register: ["low", "high"], polyphony: ["single notes", "full chords"] };
const DRUMS = { polyphony: ["few drums", "whole kit"] };
const SPOKEN = { density: "Density", register: "Register", polyphony: "Voices" };
const CHECK_AFTER_MS = 350;

export class Wishes {
  /** `changed` is called when the melody is another, with what GET /api/seeds/ID?melody= takes. */
  constructor(catalogue, changed) {
    this.catalogue = catalogue;
    this.reference = null;
    this.parts = new Map();
    for (const style of catalogue.styles) $("style").append(option(style.name));
    $("second").append(option("", "no second style"), ...catalogue.styles.map(({ name }) => option(name, `mixed with ${name}`)));
    $("rework-style").append(option("", "same style"), ...catalogue.styles.map(({ name }) => option(name)));
    for (const part of catalogue.parts) $("parts").append(this.partBox(part));
    $("style").addEventListener("change", () => this.styled());
    for (const id of ["second", "share", "strength", "temperature", "feel"]) $(id).addEventListener("input", () => this.say());
    $("reference").addEventListener("change", () => this.takeReference());
    $("no-reference").addEventListener("click", () => this.dropReference());
    $("chords").addEventListener("input", () => this.chartTyped());
    $("chords-back").addEventListener("click", () => this.chartBack());
    $("roll-dice").addEventListener("click", () => ($("dice").value = Math.floor(Math.random() * 10000)));
    const more = document.querySelector("#wishes details");
    more.addEventListener("toggle", () => more.open && more.scrollIntoView({ block: "nearest" }));
    $("melody").addEventListener("change", () => changed($("melody").value));
    this.styled();
  }

  partBox(part) {
    const on = make("input", { type: "checkbox", id: `part-${part}` });
    const asked = make("span", { className: "asked" });
    const more = make("div", { className: "more", hidden: true });
    const fields = {};
    const field = (name, label, ...options) => {
      fields[name] = make("select", { id: `${name}-${part}` }, ...options);
      fields[name].addEventListener("change", () => this.say());
      more.append(make("div", { className: "dial" }, make("label", { for: `${name}-${part}`, textContent: label }), fields[name]));
    };
    for (const [name, ends] of Object.entries(LEVELS)) {
      if (part === "drums" && name === "register") continue;
      const [low, high] = (part === "drums" && DRUMS[name]) || ends;
      const words = [`1 – ${low}`, "2", "3", "4", `5 – ${high}`];
      field(name, SPOKEN[name], option("", "from the style"), ...words.map((word, at) => option(at + 1, word)));
    }
    field("role", "Role", option("", "from the style"), ...this.catalogue.roles[part].map((role) => option(role)));
    const sounds = part === "drums" ? [] : this.catalogue.programs.map((name, at) => option(at, name));
    if (sounds.length) field("program", "Sound", option("", "from the style"), ...sounds);
    const open = make("button", { type: "button", className: "quiet small", textContent: "Adjust", "aria-expanded": "false", "aria-label": `Adjust ${part}` });
    open.addEventListener("click", () => {
      more.hidden = !more.hidden;
      open.setAttribute("aria-expanded", String(!more.hidden));
    });
    on.addEventListener("change", () => this.say());
    const head = make("div", { className: "head" }, make("label", { for: on.id }, on, part), asked, open);
    const box = make("div", { className: "part" }, head, more);
    box.style.setProperty("--colour", COLOURS[part]);
    this.parts.set(part, { on, fields, asked, box });
    return box;
  }

  /** Another style was chosen: its players sit down. */
  styled() {
    const style = this.catalogue.styles.find(({ name }) => name === $("style").value);
    for (const [part, { on }] of this.parts) on.checked = style.parts.includes(part);
    this.say();
  }

  /** Say in words what is set. */
  say() {
    const style = this.catalogue.styles.find(({ name }) => name === $("style").value);
    $("style").disabled = $("second").disabled = this.reference !== null;
    $("style-says").textContent = this.reference
      ? "The band plays like the file, in your key and over your chords."
      : `${sentence(style.description)}. ${style.meters.join(", ")}; ${style.tempo_bpm.join("–")} BPM.`;
    const mixed = $("second").value !== "" && !this.reference;
    $("share").hidden = $("share-says").hidden = !mixed;
    $("share-says").textContent = `${$("share").value}%`;
    const strength = Number($("strength").value);
    $("strength-says").textContent = strength === 0 ? "none" : strength === 1 ? "normal" : `× ${strength}`;
    const daring = Number($("temperature").value);
    $("temperature-says").textContent = daring === 1 ? "normal" : daring.toFixed(2);
    const feel = Number($("feel").value);
    $("feel-says").textContent = feel === 0 ? "grid" : feel === 1 ? "human" : `× ${feel}`;
    for (const { on, fields, asked, box } of this.parts.values()) {
      box.classList.toggle("on", on.checked);
      const said = Object.values(fields).filter(({ value }) => value !== "").length;
      asked.textContent = said ? `${said} set` : "";
    }
  }

  /** A project was opened: its melody, its chords. */
  fill(seed) {
    this.seed = seed;
    const { report } = seed;
    const pitched = report.parts.filter(({ role, notes }) => role !== "drums" && notes);
    $("melody-box").hidden = pitched.length < 2 && (report.melody !== null || !pitched.length);
    const none = report.melody ? [] : [option("", "choose the melody")];
    $("melody").replaceChildren(...none, ...pitched.map(({ number, name, sound }) => option(number, `${number} ${name || sound}`)));
    $("melody").value = report.melody?.number ?? "";
    $("tempo").placeholder = `${Math.round(report.tempo_bpm[0].value)} as written`;
    this.chartBack();
  }

  /** The melody's number where it is not the one that would be found anyway. */
  get melody() {
    return this.seed.chosen ? String(this.seed.chosen) : null;
  }

  // --- chords ---

  chartBack() {
    this.edited = false;
    $("chords").value = this.seed.chart;
    this.chartSays("", false);
    $("chords-from").textContent = this.seed.report.chords_from ?? "";
    $("chords-back").hidden = true;
  }

  chartSays(text, bad) {
    $("chords-says").textContent = text;
    $("chords-says").classList.toggle("bad", bad);
    $("chords").classList.toggle("bad", bad);
    $("chords").setAttribute("aria-invalid", String(bad));
  }

  chartTyped() {
    this.edited = $("chords").value.trim() !== this.seed.chart;
    $("chords-back").hidden = !this.edited;
    $("chords-from").textContent = this.edited ? "yours" : this.seed.report.chords_from;
    clearTimeout(this.later);
    if (!this.edited) return this.chartSays("", false);
    this.later = setTimeout(() => this.checkChart(), CHECK_AFTER_MS);
  }

  async checkChart() {
    const chart = $("chords").value;
    try {
      await post(`/api/seeds/${this.seed.id}/chart`, { chart, melody: this.melody });
      if (chart === $("chords").value) this.chartSays("Understood.", false);
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      if (chart === $("chords").value) this.chartSays(sentence(error.message), true);
    }
  }

  // --- a reference ---

  async takeReference() {
    const [file] = $("reference").files;
    $("reference").value = "";
    if (!file) return;
    try {
      const seed = await upload(file, true);
      this.reference = seed.id;
      $("no-reference").textContent = `${seed.name} ✕`;
      $("no-reference").setAttribute("aria-label", `Do not play like ${seed.name}`);
      $("no-reference").hidden = false;
      const playing = seed.report.parts.map(({ role }) => role);
      for (const [part, { on }] of this.parts) on.checked = playing.includes(part) || !playing.some((role) => this.parts.has(role));
      this.say();
    } catch (error) {
      trouble(error);
    }
  }

  dropReference() {
    this.reference = null;
    $("no-reference").hidden = true;
    this.styled();
  }

  // --- what is asked ---

  get style() {
    if (this.reference) return null;
    const [first, second, share] = [$("style").value, $("second").value, Number($("share").value)];
    return second && second !== first ? `${first}:${share},${second}:${100 - share}` : first;
  }

  /** Wishes as every request takes them. */
  common() {
    const asked = {
      style: this.style, style_from: this.reference, style_strength: Number($("strength").value),
      temperature: Number($("temperature").value), feel: Number($("feel").value),
      seed: Number($("dice").value) || 0, takes: Number($("takes").value),
      density: {}, register: {}, polyphony: {}, roles: {}, programs: {},
    };
    for (const [part, { fields }] of this.parts) {
      for (const name of Object.keys(LEVELS)) if (fields[name]?.value) asked[name][part] = Number(fields[name].value);
      if (fields.role.value) asked.roles[part] = fields.role.value;
      if (fields.program?.value) asked.programs[part] = Number(fields.program.value);
    }
    return asked;
  }

  arrange() {
    return {
      ...this.common(),
      seed_id: this.seed.id,
      parts: [...this.parts].filter(([, { on }]) => on.checked).map(([part]) => part),
      chords: this.edited ? $("chords").value : null,
      melody: this.melody,
      tempo_bpm: Number($("tempo").value) || null,
      form: $("form").value.trim() || null,
      tutti: $("tutti").checked,
    };
  }

  restyle() {
    return this.common();
  }
}

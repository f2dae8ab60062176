// A strip a part: fader beside its balance, pan, mute, solo, and a meter of what is playing.

import { $, make } from "./dom.js";
import { atRest } from "./player.js";
import { COLOURS } from "./roll.js";

const LOWEST_DB = -60;

export class Mixer {
  constructor(player) {
    this.player = player;
    this.meters = [];
  }

  /** No sound yet: say what is being done for it. */
  wait(text) {
    this.meters = [];
    $("mixer").replaceChildren(make("p", { className: "waiting", textContent: text }));
  }

  show() {
    this.meters = [];
    this.boxes = new Map();
    $("mixer").replaceChildren(...this.player.sound.stems.map((stem) => this.strip(stem)));
    this.refresh();
  }

  strip(stem) {
    const { player } = this;
    const name = stem.part;
    const set = (change) => {
      player.set(name, change);
      this.refresh();
    };
    const fader = make("input", { type: "range", min: -24, max: 12, step: 0.5, title: "Level (double-click to reset)", "aria-label": `${name} level, decibels` });
    const pan = make("input", { type: "range", min: -1, max: 1, step: 0.05, title: "Pan (double-click to reset)", "aria-label": `${name} pan` });
    const says = make("output");
    const place = make("output");
    const level = make("i");
    const mute = make("button", { className: "mute", textContent: "M", title: "Mute", "aria-label": `Mute ${name}` });
    const solo = make("button", { className: "solo", textContent: "S", title: "Solo", "aria-label": `Solo ${name}` });
    fader.addEventListener("input", () => set({ gain_db: Number(fader.value) <= -24 ? LOWEST_DB : Number(fader.value) }));
    fader.addEventListener("dblclick", () => set({ gain_db: 0 }));
    pan.addEventListener("input", () => set({ pan: Number(pan.value) }));
    pan.addEventListener("dblclick", () => set({ pan: atRest(stem).pan }));
    mute.addEventListener("click", () => set({ mute: !player.faders[name].mute }));
    solo.addEventListener("click", () => set({ solo: !player.faders[name].solo }));
    const box = make(
      "div", { className: "strip", role: "group", "aria-label": name },
      make("div", { className: "head" }, make("strong", { textContent: name }), mute, solo),
      make("div", { className: "meter" }, level),
      make("div", { className: "row" }, make("small", { textContent: "Level" }), fader, says),
      make("div", { className: "row" }, make("small", { textContent: "Pan" }), pan, place),
    );
    box.style.setProperty("--colour", COLOURS[stem.role] ?? "#90e0ef");
    this.meters.push({ name, level, shown: 0 });
    this.boxes.set(name, { box, fader, pan, says, place, mute, solo });
    return box;
  }

  refresh() {
    const soloed = this.player.sound.stems.some(({ part }) => this.player.faders[part].solo);
    for (const [name, { box, fader, pan, says, place, mute, solo }] of this.boxes) {
      const set = this.player.faders[name];
      fader.value = Math.max(-24, set.gain_db);
      pan.value = set.pan;
      says.textContent = set.gain_db <= LOWEST_DB ? "off" : `${signed(set.gain_db)} dB`;
      place.textContent = Math.abs(set.pan) < 0.025 ? "centre" : `${Math.round(Math.abs(set.pan) * 100)} ${set.pan < 0 ? "L" : "R"}`;
      mute.setAttribute("aria-pressed", String(set.mute));
      solo.setAttribute("aria-pressed", String(set.solo));
      box.classList.toggle("silent", set.mute || (soloed && !set.solo));
    }
  }

  /** Once a frame while it plays. */
  tick() {
    const samples = new Float32Array(1024);
    for (const meter of this.meters) {
      const strip = this.player.desk?.strips.find(({ stem }) => stem.part === meter.name);
      let peak = 0;
      if (strip && this.player.playing) {
        strip.meter.getFloatTimeDomainData(samples);
        for (const value of samples) peak = Math.max(peak, Math.abs(value));
      }
      const wanted = Math.max(0, 1 + Math.log10(Math.max(peak, 1e-4)) / 2.4);
      meter.shown = Math.max(wanted, meter.shown * 0.9 - 0.002);
      meter.level.style.transform = `scaleX(${Math.max(0, Math.min(1, meter.shown)).toFixed(3)})`;
    }
  }
}

const signed = (value) => (value ? `${value > 0 ? "+" : "−"}${Math.abs(value)}` : "0");

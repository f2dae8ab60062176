// The piano roll: a lane a part, chords along the top, a playhead, and bars and parts to select. Drawn on one canvas.

export const COLOURS = {
  melody: "#ffd166", strings: "#c792ea", piano: "#4cc9f0", guitar: "#8ce99a", bass: "#ff7a6b", drums: "#ff9fd0",
};
const MORE = ["#f4a261", "#90e0ef", "#e5989b", "#b8f2a0", "#cdb4f6", "#f6e58d"];
const ORDER = ["melody", "strings", "piano", "guitar", "", "bass", "drums"];
const GUTTER = 96;
const TOP = 46;
const GAP = 6;
const MOST_PX_A_BAR = 400;

export const colourOf = (part, at = 0) => COLOURS[part.role] ?? MORE[at % MORE.length];

export class Roll {
  /** `told` hears { seek: tick } and { select: { from, to, parts } | null }. */
  constructor(canvas, told) {
    this.canvas = canvas;
    this.told = told;
    this.score = null;
    this.selection = null;
    this.playhead = 0;
    this.left = 0; // ticks at the left edge
    this.scale = 0; // pixels a tick; 0 fits the whole piece
    this.fresh = new Map(); // bar → when it came, for the glow of what has just been written
    new ResizeObserver(() => this.draw()).observe(canvas);
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", () => (this.held = null));
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  show(score, keepView = false) {
    this.score = score;
    if (!keepView) {
      this.scale = 0;
      this.left = 0;
    }
    this.lay();
    this.draw();
  }

  // --- where things are ---

  get end() {
    const bar = this.score.bars.at(-1);
    return bar.start + bar.length;
  }

  get width() {
    return Math.max(50, this.canvas.clientWidth - GUTTER);
  }

  get pxPerTick() {
    return this.scale || this.width / this.end;
  }

  x(tick) {
    return GUTTER + (tick - this.left) * this.pxPerTick;
  }

  tick(x) {
    return this.left + (x - GUTTER) / this.pxPerTick;
  }

  barAt(tick) {
    const bars = this.score.bars;
    let at = bars.findIndex((bar) => tick < bar.start + bar.length);
    if (at < 0) at = bars.length - 1;
    return Math.max(0, at);
  }

  /** The bar of a number: the first full bar is 1, a pick-up 0. */
  barCalled(number) {
    return this.score.bars[number - this.score.bars[0].number];
  }

  lay() {
    const rank = (part) => {
      const at = ORDER.indexOf(part.is_drum ? "drums" : part.role);
      return at < 0 || !part.role ? ORDER.indexOf("") : at;
    };
    this.lanes = this.score.parts
      .map((part, at) => ({ part, colour: colourOf(part, at) }))
      .filter(({ part }) => part.notes.length || part.awaited)
      .sort((a, b) => rank(a.part) - rank(b.part));
    for (const lane of this.lanes) {
      if (lane.part.is_drum) {
        lane.rows = [...new Set(lane.part.notes.map((note) => note[2]))].sort((a, b) => a - b);
        lane.rowOf = new Map(lane.rows.map((pitch, row) => [pitch, row]));
        lane.size = Math.max(lane.rows.length, 6) * 2.2;
      } else {
        let low = 127, high = 0;
        for (const note of lane.part.notes) {
          if (note[2] < low) low = note[2];
          if (note[2] > high) high = note[2];
        }
        if (low > high) [low, high] = [54, 66];
        const missing = Math.max(0, 14 - (high - low));
        lane.low = low - Math.ceil(missing / 2) - 1;
        lane.high = high + Math.floor(missing / 2) + 1;
        lane.size = lane.high - lane.low + 1;
      }
    }
  }

  /** Lanes share the height by the room that their pitches need. */
  place() {
    const room = this.canvas.clientHeight - TOP - GAP * (this.lanes.length + 1);
    const total = this.lanes.reduce((sum, lane) => sum + lane.size, 0);
    let y = TOP + GAP;
    for (const lane of this.lanes) {
      lane.y = y;
      lane.height = (room * lane.size) / total;
      y += lane.height + GAP;
    }
  }

  // --- drawing ---

  draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.paint();
    });
  }

  paint() {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(high * ratio);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = "#12141c";
    pen.fillRect(0, 0, wide, high);
    if (!this.score) return;
    this.left = Math.max(0, Math.min(this.left, this.end - this.width / this.pxPerTick));
    this.place();
    pen.save();
    pen.beginPath();
    pen.rect(GUTTER, 0, wide - GUTTER, high);
    pen.clip();
    this.paintGrid(pen, wide, high);
    this.paintSelection(pen);
    for (const lane of this.lanes) this.paintNotes(pen, lane, wide);
    this.paintChords(pen, wide);
    const head = this.x(this.playhead);
    pen.fillStyle = "#ffffff";
    pen.fillRect(head - 0.75, 0, 1.5, high);
    pen.beginPath();
    pen.moveTo(head - 5, 0);
    pen.lineTo(head + 5, 0);
    pen.lineTo(head, 7);
    pen.fill();
    pen.restore();
    this.paintNames(pen);
    if (this.fresh.size) this.draw();
  }

  paintGrid(pen, wide, high) {
    for (const lane of this.lanes) {
      pen.fillStyle = "#1a1d28";
      pen.fillRect(GUTTER, lane.y, wide - GUTTER, lane.height);
    }
    const now = performance.now();
    const { bars } = this.score;
    let labelled = -Infinity;
    pen.font = "11px system-ui, sans-serif";
    for (let at = this.barAt(this.left); at < bars.length; at++) {
      const bar = bars[at];
      const x = this.x(bar.start);
      if (x > wide) break;
      const phrase = bar.number % 4 === 1;
      if (bar.length * this.pxPerTick > 7 || phrase) {
        pen.fillStyle = phrase ? "#464d68" : "#2b3042";
        pen.fillRect(x, TOP - 4, 1, high);
      }
      if (x - labelled > 30 && (phrase || bar.length * this.pxPerTick > 34)) {
        pen.fillStyle = "#949ab0";
        pen.fillText(`${bar.number}`, x + 3, 14);
        labelled = x;
      }
      const age = now - (this.fresh.get(at) ?? -1e9);
      if (age < 900) {
        pen.fillStyle = `rgba(255, 209, 102, ${0.16 * (1 - age / 900)})`;
        pen.fillRect(x, TOP, bar.length * this.pxPerTick, high);
      } else this.fresh.delete(at);
    }
  }

  paintSelection(pen) {
    if (!this.selection) return;
    const { from, to, parts } = this.selection;
    const [first, last] = [this.barCalled(from), this.barCalled(to) ?? this.score.bars.at(-1)];
    if (!first || !last) return;
    const [x, width] = [this.x(first.start), (last.start + last.length - first.start) * this.pxPerTick];
    pen.fillStyle = "#ffd16626";
    pen.fillRect(x, 20, width, TOP - 20);
    for (const lane of this.lanes) {
      if (!parts.includes(lane.part.role)) continue;
      pen.fillStyle = "#ffd16622";
      pen.fillRect(x, lane.y, width, lane.height);
      pen.strokeStyle = "#ffd166";
      pen.lineWidth = 1.2;
      pen.strokeRect(x + 0.5, lane.y + 0.5, width - 1, lane.height - 1);
    }
  }

  paintNotes(pen, lane, wide) {
    const drums = lane.part.is_drum;
    const rows = drums ? Math.max(lane.rows.length, 1) : lane.high - lane.low + 1;
    const row = lane.height / rows;
    const least = drums ? 2 : 1.5;
    const [from, to] = [this.left, this.tick(wide)];
    const sounding = this.playhead;
    pen.fillStyle = lane.colour;
    for (const [onset, duration, pitch, velocity] of lane.part.notes) {
      if (onset > to) break;
      if (onset + duration < from) continue;
      const at = drums ? lane.rowOf.get(pitch) : pitch - lane.low;
      const long = drums ? Math.min(5, Math.max(least, 60 * this.pxPerTick)) : Math.max(least, duration * this.pxPerTick - 0.8);
      const tall = Math.max(1.6, Math.min(row * (drums ? 0.7 : 0.94), 11));
      pen.globalAlpha = 0.5 + 0.5 * Math.min(1, velocity / 105);
      if (this.playing && onset <= sounding && sounding < onset + Math.max(duration, 60)) {
        pen.globalAlpha = 1;
        pen.fillStyle = "#ffffff";
      }
      pen.fillRect(this.x(onset), lane.y + lane.height - (at + 0.5) * row - tall / 2, long, tall);
      pen.fillStyle = lane.colour;
    }
    pen.globalAlpha = 1;
  }

  paintChords(pen, wide) {
    pen.font = "600 12.5px system-ui, sans-serif";
    let free = -Infinity;
    this.score.chords.forEach(([tick, symbol], at) => {
      const x = this.x(tick);
      const next = this.score.chords[at + 1]?.[0] ?? this.end;
      if (this.x(next) < GUTTER || x > wide || symbol === "N.C.") return;
      const text = pretty(symbol);
      const shown = Math.max(x + 3, Math.min(GUTTER + 3, this.x(next) - 30));
      if (shown < free) return;
      pen.fillStyle = tick <= this.playhead && this.playhead < next ? "#ffffff" : "#c4c9d8";
      pen.fillText(text, shown, 34);
      free = shown + pen.measureText(text).width + 7;
    });
  }

  paintNames(pen) {
    pen.fillStyle = "#12141c";
    pen.fillRect(0, 0, GUTTER, this.canvas.clientHeight);
    for (const { part, colour, y, height } of this.lanes) {
      pen.fillStyle = colour;
      pen.fillRect(GUTTER - 4, y, 3, height);
      pen.font = "600 12px system-ui, sans-serif";
      pen.fillStyle = "#f2f3f7";
      const name = part.role || part.name || "part";
      const middle = y + Math.min(height / 2, 30);
      pen.fillText(fitting(pen, name[0].toUpperCase() + name.slice(1), GUTTER - 20), 12, middle + (height > 34 ? -2 : 4));
      if (height > 34) {
        pen.font = "10.5px system-ui, sans-serif";
        pen.fillStyle = "#949ab0";
        pen.fillText(fitting(pen, part.sound, GUTTER - 20), 12, middle + 12);
      }
    }
  }

  // --- hands ---

  wheel(event) {
    if (!this.score) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(-event.deltaY / 200), event.offsetX);
    else this.left += (event.deltaX || event.deltaY) / this.pxPerTick;
    this.draw();
  }

  /** Nearer or farther, around a point of the canvas. */
  zoom(factor, x = GUTTER + this.width / 3) {
    if (!this.score) return;
    const at = this.tick(x);
    const fit = this.width / this.end;
    const most = MOST_PX_A_BAR / Math.min(...this.score.bars.map((bar) => bar.length).slice(0, 2));
    this.scale = Math.min(Math.max(this.pxPerTick * factor, fit), Math.max(most, fit));
    if (this.scale === fit) this.scale = 0;
    this.left = at - (x - GUTTER) / this.pxPerTick;
    this.draw();
  }

  fit() {
    this.scale = 0;
    this.draw();
  }

  /** Bring a bar, by its number, into view. */
  reveal(number) {
    const { start } = this.barCalled(number);
    if (this.x(start) < GUTTER || this.x(start) > this.canvas.clientWidth - 60) this.left = start - 20 / this.pxPerTick;
    this.draw();
  }

  press(event) {
    if (!this.score || event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.held = { x: event.offsetX, y: event.offsetY, bar: this.barAt(this.tick(event.offsetX)), moved: false };
  }

  drag(event) {
    if (!this.held) return;
    if (Math.hypot(event.offsetX - this.held.x, event.offsetY - this.held.y) > 5) this.held.moved = true;
    if (this.held.moved) this.selectTo(event.offsetX, event.offsetY);
  }

  release(event) {
    const held = this.held;
    this.held = null;
    if (!held || held.moved) return;
    if (event.offsetY < TOP || event.shiftKey) this.told({ seek: this.tick(event.offsetX) });
    else {
      this.held = held;
      this.selectTo(event.offsetX, event.offsetY);
      this.held = null;
    }
  }

  selectTo(x, y) {
    const bar = this.barAt(this.tick(x));
    const [low, high] = [Math.min(this.held.y, y), Math.max(this.held.y, y)];
    const ruler = this.held.y < TOP;
    const band = this.lanes.filter(({ part }) => part.role && part.role !== "melody" && part.role in COLOURS);
    const parts = band.filter((lane) => ruler || (lane.y < high && lane.y + lane.height > low)).map(({ part }) => part.role);
    const { bars } = this.score;
    this.select({ from: bars[Math.min(bar, this.held.bar)].number, to: bars[Math.max(bar, this.held.bar)].number, parts });
  }

  select(selection, tell = true) {
    this.selection = selection && selection.parts.length ? selection : null;
    if (tell) this.told({ select: this.selection });
    this.draw();
  }

  key(event) {
    if (!this.score) return;
    const bar = this.barAt(this.playhead);
    const { bars } = this.score;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && event.shiftKey && this.selection) {
      const to = Math.max(this.selection.from, Math.min(bars.at(-1).number, this.selection.to + step));
      this.select({ ...this.selection, to });
    } else if (step) this.told({ seek: bars[Math.max(0, Math.min(bars.length - 1, bar + step))].start });
    else if (event.key === "Home") this.told({ seek: 0 });
    else if (event.key === "+" || event.key === "=") this.zoom(1.4);
    else if (event.key === "-") this.zoom(1 / 1.4);
    else if (event.key === "Escape") this.select(null);
    else return;
    event.preventDefault();
  }

  /** Move the playhead, and the view after it while it plays. */
  at(tick, playing) {
    if (!this.score || (tick === this.playhead && playing === this.playing)) return;
    this.playhead = tick;
    this.playing = playing;
    const x = this.x(tick);
    if (playing && this.scale && (x > this.canvas.clientWidth - 40 || x < GUTTER)) this.left = tick - 20 / this.pxPerTick;
    this.draw();
  }

  /** A bar that has just been written. */
  arrived(bar) {
    this.fresh.set(bar, performance.now());
    this.lay();
    this.draw();
  }
}

const pretty = (symbol) => symbol.replace(/(?<=[A-G])b|b(?=\d)/g, "♭").replaceAll("#", "♯");

function fitting(pen, text, most) {
  if (pen.measureText(text).width <= most) return text;
  while (text.length > 1 && pen.measureText(`${text}…`).width > most) text = text.slice(0, -1);
  return `${text}…`;
}

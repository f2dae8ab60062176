// The mix's limiter (composer/audio/limiter.py) as an audio worklet: the same look-ahead, release and true peaks, so that
// what is heard is what a render writes. Works in cells of 16 frames; out comes what went in `latency` frames before.

const CELL = 16;
const TAPS = 24;
const BEFORE = TAPS / 2 - 1;

function bessel(x) {
  let sum = 1;
  for (let k = 1, term = 1; k < 30; k++) sum += term *= (x / 2 / k) ** 2;
  return sum;
}

/** Filters that see a quarter, a half and three quarters of the way from one sample to the next. */
function between() {
  return [0.25, 0.5, 0.75].map((shift) => {
    const filter = Float32Array.from({ length: TAPS }, (_, tap) => {
      const at = tap - BEFORE - shift;
      const place = at / (TAPS / 2);
      const window = Math.abs(place) > 1 ? 0 : bessel(6 * Math.sqrt(1 - place * place)) / bessel(6);
      return (Math.sin(Math.PI * at) / (Math.PI * at)) * window;
    });
    const sum = filter.reduce((a, b) => a + b);
    return filter.map((value) => value / sum);
  });
}

class Limiter extends AudioWorkletProcessor {
  constructor({ processorOptions: { ceiling_dbtp, margin_db, attack_s, release_db_s } }) {
    super();
    const half = Math.max(1, Math.round((attack_s * sampleRate) / CELL / 2));
    this.reach = 2 * half;
    this.ceiling = ceiling_dbtp - margin_db;
    this.fall = (release_db_s * CELL) / sampleRate;
    this.filters = between();
    this.window = Float64Array.from({ length: this.reach + 1 }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 1)) / (this.reach + 2)));
    const sum = this.window.reduce((a, b) => a + b);
    this.window = this.window.map((value) => value / sum);
    this.edges = new Float64Array(this.reach + 1);
    this.falling = new Float64Array(this.reach + 1);
    this.last = this.held = 0;
    this.edge = 1;
    this.length = (this.reach + 3) * CELL;
    this.past = [new Float32Array(this.length), new Float32Array(this.length)];
  }

  /** The highest point of the curve through the cell before the newest one, in dB over the ceiling. */
  over() {
    let peak = 1e-9;
    const start = this.length - 2 * CELL;
    for (const side of this.past) {
      for (let at = start; at < start + CELL; at++) {
        peak = Math.max(peak, Math.abs(side[at]));
        for (const filter of this.filters) {
          let value = 0;
          for (let tap = 0; tap < TAPS; tap++) value += filter[tap] * side[at - BEFORE + tap];
          peak = Math.max(peak, Math.abs(value));
        }
      }
    }
    return Math.max(0, 20 * Math.log10(peak) - this.ceiling);
  }

  /** The gain at the right edge of the cell that goes out now. */
  next() {
    const over = this.over();
    push(this.edges, Math.max(over, this.last));
    this.last = over;
    this.held = Math.max(Math.max(...this.edges), this.held - this.fall);
    push(this.falling, this.held);
    let smooth = 0;
    for (let i = 0; i <= this.reach; i++) smooth += this.window[i] * this.falling[i];
    return 10 ** (-Math.max(smooth, 0) / 20);
  }

  process([input], [output]) {
    for (let start = 0; start < output[0].length; start += CELL) {
      this.past.forEach((side, at) => {
        side.copyWithin(0, CELL);
        const given = input[at] ?? input[0];
        for (let i = 0; i < CELL; i++) side[this.length - CELL + i] = given ? given[start + i] : 0;
      });
      const edge = this.next();
      output.forEach((sound, at) => {
        for (let i = 0; i < CELL; i++) sound[start + i] = this.past[at][i] * (this.edge + ((edge - this.edge) * i) / CELL);
      });
      this.edge = edge;
    }
    return true;
  }
}

function push(ring, value) {
  ring.copyWithin(0, 1);
  ring[ring.length - 1] = value;
}

registerProcessor("limiter", Limiter);

// Stems through faders and the limiter. The stems come as they stand in the mix, so faders at rest play the rendered mix.

import { bytes, follow, get, post } from "./api.js";

const SMOOTH_S = 0.015;
const SILENCE_DB = -60;

/** Left and right factors of the equal-power law, 1 and 1 in the middle: as in composer/audio/strip.py. */
export function panGains(pan) {
  const angle = ((pan + 1) * Math.PI) / 4;
  return [Math.SQRT2 * Math.cos(angle), Math.SQRT2 * Math.sin(angle)];
}

/** What a stem is multiplied by, left and right, for a fader in dB beside its balance, a place and a switch. */
export function sideGains(stem, fader, audible) {
  if (!audible || fader.gain_db <= SILENCE_DB) return [0, 0];
  const level = stem.scale * 10 ** (fader.gain_db / 20);
  const now = panGains(fader.pan);
  const made = panGains(stem.pan);
  return now.map((gain, side) => level * Math.min(gain / Math.max(made[side], 0.05), 8));
}

/** Strips, bus and limiter in an audio context, live or offline. `desk.set(faders)` moves everything. */
export async function buildDesk(context, sound, buffers) {
  const bus = context.createGain();
  const out = await makeLimiter(context, sound);
  bus.connect(out);
  const strips = sound.stems.map((stem, at) => {
    const input = context.createGain();
    const splitter = context.createChannelSplitter(2);
    const merger = context.createChannelMerger(2);
    const sides = [0, 1].map((side) => {
      const gain = context.createGain();
      splitter.connect(gain, side);
      gain.connect(merger, 0, side);
      return gain;
    });
    const meter = context.createAnalyser();
    meter.fftSize = 1024;
    input.connect(splitter);
    merger.connect(meter);
    meter.connect(bus);
    return { stem, buffer: buffers[at], input, sides, meter };
  });
  const desk = {
    strips,
    out,
    set(faders, at_once = false) {
      const soloed = strips.some(({ stem }) => faders[stem.part].solo);
      for (const { stem, sides } of strips) {
        const fader = faders[stem.part];
        const wanted = sideGains(stem, fader, !fader.mute && (!soloed || fader.solo));
        sides.forEach(({ gain }, side) => {
          if (at_once) gain.value = wanted[side];
          else gain.setTargetAtTime(wanted[side], context.currentTime, SMOOTH_S);
        });
      }
    },
    start(when, offset) {
      return strips.map(({ buffer, input }) => {
        const source = new AudioBufferSourceNode(context, { buffer });
        source.connect(input);
        source.start(when, offset);
        return source;
      });
    },
  };
  return desk;
}

async function makeLimiter(context, sound) {
  if (!context.audioWorklet) return new DynamicsCompressorNode(context, { threshold: -1, ratio: 20, attack: 0.003, knee: 0 }); // no localhost, no https
  await context.audioWorklet.addModule("js/limiter.js");
  const { ceiling_dbtp, margin_db, attack_s, release_db_s } = sound;
  return new AudioWorkletNode(context, "limiter", {
    outputChannelCount: [2], channelCount: 2, channelCountMode: "explicit",
    processorOptions: { ceiling_dbtp, margin_db, attack_s, release_db_s },
  });
}

/** Have the stems of a take made, if they are not, and say how to play them; null where that was called off. */
export async function fetchSound(take, early, begun, hear) {
  const job = await post(`/api/arrangements/${take}/sound?early=${early}`);
  begun(job.id);
  const last = await follow(job.id, hear);
  return last.state === "done" ? get(last.files[0]) : null;
}

export class Player {
  constructor() {
    this.sound = null;
    this.buffers = [];
    this.faders = {};
    this.playing = false;
    this.hungry = false;
    this.offset = 0;
    this.sources = [];
    this.loads = 0; // counts up with every load and unload: stems of an earlier one come too late
  }

  /** Load a take's stems. What plays goes on until they are there; where another load comes first, they are left out. */
  async load(sound) {
    const mine = ++this.loads;
    this.context ??= new AudioContext({ sampleRate: sound.sample_rate, latencyHint: "interactive" });
    const buffers = await Promise.all(
      sound.stems.map(async ({ url }) => this.context.decodeAudioData(await bytes(url))),
    );
    const desk = await buildDesk(this.context, sound, buffers);
    if (mine !== this.loads) return;
    const goOn = this.playing || this.hungry;
    this.pause();
    this.hungry = false;
    this.desk?.out.disconnect();
    Object.assign(this, { sound, buffers, desk });
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 2048;
    desk.out.connect(this.analyser);
    this.analyser.connect(this.context.destination);
    this.faders = Object.fromEntries(sound.stems.map((stem) => [stem.part, this.faders[stem.part] ?? atRest(stem)]));
    desk.set(this.faders, true);
    this.offset = sound.whole ? Math.min(this.offset, sound.duration_s) : this.offset;
    if (goOn) await this.play();
  }

  unload() {
    this.loads++;
    this.pause(0);
    this.hungry = false;
    this.desk?.out.disconnect();
    this.desk = this.sound = null;
  }

  get ready() {
    return this.desk != null;
  }

  get position() {
    const now = this.playing ? this.offset + this.context.currentTime - this.startedAt : this.offset;
    return Math.max(0, this.playing || this.sound?.whole ? Math.min(now, this.sound.duration_s) : now);
  }

  async play() {
    if (!this.ready || this.playing) return;
    if (!this.sound.whole && this.offset >= this.sound.duration_s) {
      this.hungry = true;
      return;
    }
    await this.context.resume();
    if (!this.ready || this.playing) return; // pressed twice while it woke up
    if (this.offset >= this.sound.duration_s - 0.05 && this.sound.whole) this.offset = 0;
    this.startedAt = this.context.currentTime + 0.02;
    this.sources = this.desk.start(this.startedAt, this.offset);
    this.playing = true;
    this.sources[0].onended = () => {
      if (!this.playing || this.position < this.sound.duration_s - 0.1) return;
      this.hungry = !this.sound.whole; // the beginning is over, and the rest is still being made
      this.pause(this.hungry ? this.sound.duration_s : 0);
    };
  }

  pause(at = this.position) {
    this.sources.forEach((source) => (source.onended = null));
    this.offset = at;
    this.playing = false;
    for (const source of this.sources) {
      source.stop();
      source.disconnect();
    }
    this.sources = [];
  }

  async seek(seconds) {
    const goOn = this.playing;
    if (goOn) this.pause();
    this.offset = Math.max(0, this.sound?.whole ? Math.min(seconds, this.sound.duration_s) : seconds);
    if (goOn) await this.play();
  }

  set(part, change) {
    this.faders[part] = { ...this.faders[part], ...change };
    this.desk?.set(this.faders);
  }

  /** The faders as POST …/mix and …/export take them: only what was moved. */
  request() {
    const moved = this.sound.stems.map((stem) => [stem, this.faders[stem.part]]);
    return {
      gain_db: Object.fromEntries(moved.filter(([, f]) => f.gain_db !== 0).map(([s, f]) => [s.part, f.gain_db])),
      pan: Object.fromEntries(moved.filter(([s, f]) => f.pan !== s.pan).map(([s, f]) => [s.part, f.pan])),
      mute: moved.filter(([, f]) => f.mute).map(([s]) => s.part),
      solo: moved.filter(([, f]) => f.solo).map(([s]) => s.part),
    };
  }

  /** Some seconds of the mix as it would sound now, rendered offline: Float32Arrays, left and right. */
  async render(seconds, faders = this.faders) {
    const rate = this.sound.sample_rate;
    const context = new OfflineAudioContext(2, Math.ceil(seconds * rate), rate);
    const desk = await buildDesk(context, this.sound, this.buffers);
    desk.out.connect(context.destination);
    desk.set(faders, true);
    desk.start(0, 0);
    const made = await context.startRendering();
    return [made.getChannelData(0), made.getChannelData(1)];
  }
}

export const atRest = (stem) => ({ gain_db: 0, pan: stem.pan, mute: false, solo: false });

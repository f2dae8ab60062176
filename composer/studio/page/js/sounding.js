// The sound of the take on show: its beginning, which is soon there, then the whole in its place; or one line that says why not.

import { Trouble, cancel } from "./api.js";
import { $, percent, said, sentence } from "./dom.js";
import { fetchSound } from "./player.js";

const CALLED_OFF = { what: "it was cancelled", what_to_do: "", message: "it was cancelled" };

export class Sounding {
  /** `changed` is called whenever there is more or less to play than before. */
  constructor(player, mixer, changed) {
    Object.assign(this, { player, mixer, changed });
    this.turn = 0; // counts up with every take: an earlier one's sound comes too late
    this.job = null;
    this.wanted = false; // play was pressed before there was anything to play
    this.asked = Promise.resolve(); // settled when no job that we began goes on
    $("silence-again").addEventListener("click", () => this.make(this.take));
  }

  /** Have a take's sound made, and give up any other's. Never fails: what went wrong stands above the roll. */
  async make(take) {
    const mine = this.giveUp();
    let some = false; // something of this take is there to play
    this.take = take;
    if (!this.player.ready) this.mixer.wait("Rendering the parts…");
    $("play").disabled = false;
    $("play").classList.add("waits");
    try {
      for (const early of [true, false]) {
        const sound = await this.fetched(take, early, mine);
        if (mine !== this.turn) return;
        if (!sound) throw new Trouble(CALLED_OFF);
        await this.player.load(sound);
        if (mine !== this.turn) return;
        some = true;
        this.mixer.show();
        if (this.wanted) await this.player.play();
        this.wanted = false;
        this.changed();
        if (sound.whole) break;
      }
      document.body.dataset.sound = take;
    } catch (error) {
      if (mine === this.turn) this.fail(error, some);
    } finally {
      if (mine === this.turn) this.rest();
    }
  }

  fetched(take, early, mine) {
    const begun = (job) => {
      if (mine === this.turn) this.job = job;
      else cancel(job).catch(() => {}); // given up while it was asked for
    };
    const hear = (event) => {
      if (event.type === "progress" && mine === this.turn && !this.player.ready) this.mixer.wait(`${sentence(event.what)}… ${percent(event.done)}`);
    };
    const sound = fetchSound(take, early, begun, hear);
    this.asked = Promise.allSettled([this.asked, sound]);
    return sound;
  }

  /** Say it in one line, and leave what can be done without sound as it is. */
  fail(error, some) {
    const { what, what_to_do } = error.problem ?? { what: "this browser cannot play it", what_to_do: error.message };
    if (!error.problem) console.error(error);
    const line = `${some ? "Only the beginning plays" : "No sound"}: ${[what, what_to_do].filter(Boolean).map(said).join("; ")}`;
    $("silence-says").textContent = /[.?!]$/.test(line) ? line : `${line}.`;
    $("silence-midi").href = `/api/arrangements/${this.take}/files/band.mid`;
    $("silence").hidden = false;
    this.player.hungry = false;
    if (some) return;
    this.player.unload(); // another take's
    this.mixer.wait("");
    $("play").disabled = true;
  }

  rest() {
    this.wanted = false;
    $("play").classList.remove("waits");
    this.changed();
  }

  giveUp() {
    if (this.job) cancel(this.job).catch(() => {}); // over or not
    this.job = null;
    $("silence").hidden = true;
    return ++this.turn;
  }

  /** Give up what is being made; done when nothing works on it any more. */
  async stop() {
    this.giveUp();
    this.rest();
    await this.asked;
  }
}

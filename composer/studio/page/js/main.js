// The studio's page: what happens when.

import { cancel, discard, follow, get, post, put, upload } from "./api.js";
import { $, counted, make, notice, percent, sentence, trouble } from "./dom.js";
import { Mixer } from "./mixer.js";
import { Player } from "./player.js";
import { COLOURS, Roll } from "./roll.js";
import { Sounding } from "./sounding.js";
import { StartPage } from "./start.js";
import { Takes } from "./takes.js";
import { Clock, spoken } from "./time.js";
import { Wishes } from "./wishes.js";

const player = new Player();
const mixer = new Mixer(player);
const takes = new Takes((id) => open(id).catch(trouble));
const roll = new Roll($("roll"), hands);
const sounding = new Sounding(player, mixer, moved);
let wishes;
let startPage;
let seed = null;
let clock = null;
let job = null; // the id of the job that writes just now

window.studio = { player, roll, takes }; // for the console

// --- the start page ---

async function start() {
  const catalogue = await get("/api/styles");
  wishes = new Wishes(catalogue, (melody) => openSeed(seed.id, melody).catch(trouble));
  startPage = new StartPage(catalogue.examples, { begin, open: openSeed, hush: () => sounding.stop() });
  const here = new URLSearchParams(location.search).get("project");
  if (here) await openSeed(here).catch((error) => (trouble(error), showStart()));
  else await showStart();
}

async function showStart() {
  player.unload();
  sounding.stop();
  seed = takes.now = null;
  document.body.dataset.state = "empty";
  document.title = "Studio · melody-to-band";
  for (const id of ["desk", "another", "export"]) $(id).hidden = true;
  document.querySelector(".project").hidden = true;
  await startPage.show();
}

/** A new project from an upload or an example. */
async function begin(bring) {
  $("reading").hidden = false;
  try {
    const report = await bring();
    await openSeed(report.id, null, report);
  } catch (error) {
    trouble(error);
  } finally {
    $("reading").hidden = true;
  }
}

async function openSeed(id, melody = null, report = null) {
  const other = seed?.id !== id;
  seed = report ?? (await get(`/api/seeds/${id}${melody ? `?${new URLSearchParams({ melody })}` : ""}`));
  seed.chosen = melody;
  if (other) player.faders = {};
  history.replaceState(null, "", `/?project=${id}`);
  $("start").hidden = true;
  for (const shown of ["desk", "another"]) $(shown).hidden = false;
  document.querySelector(".project").hidden = false;
  $("title").textContent = seed.score.title || seed.name;
  document.title = `${$("title").textContent} · Studio`;
  const { report: heard } = seed;
  const facts = [heard.key, heard.metre.at(-1)?.value, `${Math.round(heard.tempo_bpm[0].value)} BPM`, counted(heard.bars, "bar"), spoken(heard.seconds)];
  $("facts").replaceChildren(...facts.filter(Boolean).map((fact) => make("li", { textContent: fact })));
  wishes.fill(seed);
  takes.all = await get(`/api/seeds/${id}/arrangements`);
  takes.kept = seed.kept;
  if (takes.all.length && other) await open(seed.kept);
  else if (other || !takes.now) showSeed();
}

/** The melody alone, before a band has been written. */
function showSeed() {
  takes.now = null;
  takes.show();
  player.unload();
  sounding.stop();
  showScore(seedScore());
  document.body.dataset.state = "seed";
  for (const id of ["export", "rework", "restyle"]) $(id).hidden = true;
  $("hint").textContent = seed.report.melody ? "Choose a style, then write the band." : "";
  $("told").textContent = [seed.report.melody?.why, ...seed.report.problems].filter(Boolean).map(sentence).join(" · ");
  mixer.wait("The mixer appears with the first take.");
  $("play").disabled = true;
}

function seedScore() {
  const melody = seed.report.melody;
  const parts = seed.score.parts.map((part, at) => ({ ...part, role: melody && at === melody.number - 1 ? "melody" : part.role }));
  return { ...seed.score, parts };
}

function showScore(score, keepView = false) {
  clock = new Clock(score);
  roll.show(score, keepView);
  moved();
}

// --- takes ---

/** Show a take, and have its sound made. */
async function open(id) {
  takes.now = id;
  takes.show();
  const score = await get(`/api/arrangements/${id}/score`);
  if (takes.now !== id) return; // another was chosen meanwhile
  const keepView = roll.score?.bars.length === score.bars.length;
  showScore(score, keepView);
  const take = takes.current;
  document.body.dataset.state = "take";
  for (const shown of ["export", "rework", "restyle"]) $(shown).hidden = false;
  $("hint").textContent = "";
  $("told").textContent = tell(take);
  for (const field of ["from", "to"]) [$(field).min, $(field).max] = [score.bars[0].number, score.bars.at(-1).number];
  showRework();
  await sounding.make(id);
}

$("delete").addEventListener("click", async () => {
  const gone = takes.current;
  $("delete").disabled = true;
  try {
    player.unload();
    await sounding.stop();
    await discard(`/api/arrangements/${gone.id}`);
    const next = takes.remove(gone);
    notice(`Deleted “${gone.label}”.`, () => restore(gone));
    if (takes.now === gone.id) next ? await open(next) : showSeed();
    else takes.show();
  } catch (error) {
    trouble(error);
    if (takes.now === gone.id) await open(gone.id).catch(trouble);
  }
});

async function restore(take) {
  await startPage.restore({ kind: "arrangement", id: take.id });
  if (seed?.id !== take.seed_id) return;
  if (!takes.find(take.id)) takes.add(take);
  await open(take.id);
}

function tell({ report, seed: dice }) {
  const heard = Object.entries(report.style_fit?.heard_as ?? {}).filter(([, share]) => share >= 0.05);
  const lines = [
    heard.length && `sounds like ${heard.slice(0, 3).map(([style, share]) => `${style} ${percent(share)}`).join(", ")}`,
    ...(report.told ?? []).map((line) => line.trim()),
    report.left_out?.length && `left out: ${report.left_out.join(", ")}`,
    ...(report.remarks ?? []),
    `variation ${dice}`,
  ];
  return lines.filter(Boolean).map(sentence).join(" · ");
}

// --- writing ---

/** Queue a job and show it bar by bar, as long as its project is on show. `base` is the score its notes are written into. */
async function write(path, request, base, bars = null) {
  const project = seed.id;
  const onShow = () => seed?.id === project;
  let score = null; // what is being written, on the roll
  let opened = false; // a take of it is whole and has taken its place
  const back = async () => {
    if (score && !opened && onShow()) await (takes.now ? open(takes.now) : showSeed());
  };
  try {
    const made = await post(path, request);
    job = made.id;
    working(true);
    let reading = Promise.resolve();
    const last = await follow(made.id, (event) => {
      if (event.type === "progress") progress(event.what, event.done);
      if (event.type === "bar" && !opened && onShow()) {
        if (!score) {
          roll.show((score = base()), bars !== null);
          if (bars) roll.reveal(bars.from);
        }
        receive(score, event, bars);
      }
      if (event.type === "take" && onShow()) {
        const first = !opened;
        opened = true;
        reading = reading.then(() => arrived(event.arrangement, first, onShow)).catch(trouble);
      }
    });
    await reading;
    if (last.state === "cancelled") back().catch(trouble);
  } catch (error) {
    trouble(error);
    back().catch(trouble);
  } finally {
    job = null;
    working(false);
  }
}

/** Put a bar that has just been written into the score on show. */
function receive(score, { bar, notes }, hole) {
  const here = score.bars[bar];
  if (hole && (here.number < hole.from || here.number > hole.to)) return;
  for (const [role, rows] of Object.entries(notes)) {
    let part = score.parts.find((one) => one.role === role);
    if (!part) score.parts.push((part = { name: role, role, sound: "", is_drum: role === "drums", notes: [] }));
    part.notes = part.notes.filter(([onset]) => onset < here.start || onset >= here.start + here.length).concat(rows);
    part.notes.sort((a, b) => a[0] - b[0]);
  }
  document.body.dataset.bars = String(bar + 1);
  roll.arrived(bar);
  $("hint").textContent = sentence(barOf(here, score));
}

async function arrived(id, show, onShow) {
  const take = await get(`/api/arrangements/${id}`);
  if (!onShow() || takes.find(id)) return; // the project was left, or opened anew meanwhile
  takes.add(take);
  if (show) open(id).catch(trouble); // its sound is made while the next take is written
  else takes.show();
}

function working(on) {
  document.body.classList.toggle("working", on);
  $("progress").hidden = !on;
  if (on) progress("starting", 0);
  for (const id of ["write", "restyle"]) $(id).disabled = on;
  takes.show();
  reworkReady();
}

function progress(what, done) {
  $("progress-bar").style.width = `${done * 100}%`;
  $("progress-says").textContent = `${sentence(what)} · ${percent(done)}`;
}

function draft() {
  const tune = seedScore().parts.find(({ role }) => role === "melody");
  const asked = wishes.arrange().parts;
  const band = asked.map((role) => ({ name: role, role, sound: "", is_drum: role === "drums", notes: [], awaited: true }));
  return { ...seed.score, parts: [tune, ...band].filter(Boolean) };
}

function copy(hole) {
  const { score } = roll;
  const [{ start }, last] = [roll.barCalled(hole.from), roll.barCalled(hole.to)];
  const end = last.start + last.length;
  const emptied = (part) => (hole.parts.includes(part.role) ? { ...part, notes: part.notes.filter(([onset]) => onset < start || onset >= end) } : part);
  return { ...score, parts: score.parts.map(emptied) };
}

$("wishes").addEventListener("submit", (event) => {
  event.preventDefault();
  takes.after.clear();
  write("/api/arrangements", wishes.arrange(), draft);
});

$("restyle").addEventListener("click", () => {
  const band = roll.score.parts.map(({ role }) => role).filter((role) => role && role !== "melody" && role in COLOURS);
  const hole = { from: roll.score.bars[0].number, to: roll.score.bars.at(-1).number, parts: band };
  write(`/api/arrangements/${takes.now}/restyle`, wishes.restyle(), () => copy(hole), hole);
});

$("cancel").addEventListener("click", () => job && cancel(job).catch(trouble));

// --- rework ---

function showRework() {
  const { selection } = roll;
  if (selection) [$("from").value, $("to").value] = [selection.from, selection.to];
  else [$("from").value, $("to").value] = ["", ""];
  const band = wishes.catalogue.parts;
  $("rework-parts").replaceChildren(
    ...band.map((part) => {
      const playing = roll.score.parts.some(({ role }) => role === part);
      const button = make("button", { type: "button", textContent: playing ? part : `+ ${part}`, "aria-pressed": String(selection?.parts.includes(part) ?? false), "data-part": part });
      button.style.setProperty("--colour", COLOURS[part]);
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
        fieldsChanged();
      });
      return button;
    }),
  );
  reworkReady();
}

const reworkParts = () => [...$("rework-parts").querySelectorAll("[aria-pressed=true]")].map(({ dataset }) => dataset.part);

function fieldsChanged() {
  const [from, to] = [Number($("from").value), Number($("to").value)];
  const parts = reworkParts();
  const { bars } = roll.score;
  if (from >= bars[0].number && to >= from && to <= bars.at(-1).number && parts.length) roll.select({ from, to, parts }, false);
  reworkReady();
}

function reworkReady() {
  $("rework-go").disabled = job !== null || !reworkParts().length;
  if (takes.now && !job) $("hint").textContent = roll.selection ? "" : "Drag over bars and parts to rewrite them.";
}

for (const field of ["from", "to"]) $(field).addEventListener("input", fieldsChanged);

$("rework").addEventListener("submit", (event) => {
  event.preventDefault();
  const hole = { from: Number($("from").value), to: Number($("to").value), parts: reworkParts() };
  const { density, register, polyphony, roles, programs, temperature } = wishes.common();
  const request = {
    bars: [hole.from, hole.to], parts: hole.parts, style: $("rework-style").value || null, takes: Number($("rework-takes").value),
    seed: Math.floor(Math.random() * 100000), density, register, polyphony, roles, programs, temperature,
  };
  takes.after.delete(takes.now);
  write(`/api/arrangements/${takes.now}/rework`, request, () => copy(hole), hole);
});

// --- playing ---

async function playOrPause() {
  if (!player.ready) sounding.wanted = !sounding.wanted;
  else if (player.hungry) player.hungry = false;
  else if (player.playing) player.pause();
  else await player.play();
  moved();
}

const barOf = ({ number }, { bars }) => (number ? `bar ${number} of ${bars.at(-1).number}` : "pick-up");

function hands(told) {
  if (told.seek !== undefined && clock) {
    const seconds = clock.seconds(Math.max(0, told.seek));
    if (player.ready) player.seek(seconds).catch(trouble);
    moved();
  }
  if ("select" in told && takes.now) showRework();
}

/** Bring clock, playhead and meters up to what is heard. */
function moved() {
  $("play").classList.toggle("on", player.playing || player.hungry || sounding.wanted);
  $("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
  if (!roll.score || !clock) return;
  const tick = clock.tick(player.position);
  $("time").textContent = spoken(player.position);
  const { bars } = roll.score;
  $("bar-now").textContent = barOf(bars[roll.barAt(tick)], roll.score);
  roll.at(tick, player.playing);
}

let rested = false;
function frame() {
  if (player.playing || !rested) {
    moved();
    mixer.tick();
    rested = !player.playing && mixer.meters.every(({ shown }) => shown <= 0.001);
  }
  if (player.playing) rested = false;
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

$("play").addEventListener("click", () => playOrPause().catch(trouble));
$("in").addEventListener("click", () => roll.zoom(1.5));
$("out").addEventListener("click", () => roll.zoom(1 / 1.5));
$("fit").addEventListener("click", () => roll.fit());

$("keep").addEventListener("click", async () => {
  try {
    const kept = await put(`/api/seeds/${seed.id}/kept`, { arrangement_id: takes.now });
    takes.kept = kept.kept;
    takes.show();
  } catch (error) {
    trouble(error);
  }
});

$("export").addEventListener("click", async () => {
  $("export").disabled = true;
  $("export").textContent = "Packing…";
  try {
    const made = await post(`/api/arrangements/${takes.now}/export`, player.ready ? player.request() : {});
    const last = await follow(made.id, (event) => {
      if (event.type === "progress") $("export").textContent = `${sentence(event.what)}…`;
    });
    const link = make("a", { href: last.files[0], download: "" });
    document.body.append(link);
    link.click();
    link.remove();
  } catch (error) {
    trouble(error);
  } finally {
    $("export").disabled = false;
    $("export").textContent = "Export";
  }
});

$("another").addEventListener("click", () => {
  history.replaceState(null, "", "/");
  showStart().catch(trouble);
});
for (const said of ["trouble", "notice"]) $(`${said}-ok`).addEventListener("click", () => ($(said).hidden = true));

// --- files ---

$("file").addEventListener("change", () => {
  const [file] = $("file").files;
  $("file").value = "";
  if (file) begin(() => upload(file));
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  $("drop").classList.add("over");
});
addEventListener("dragleave", (event) => event.relatedTarget || $("drop").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file) begin(() => upload(file));
});

addEventListener("keydown", (event) => {
  if (event.code !== "Space" || $("desk").hidden || $("play").disabled) return;
  if (event.target.closest("input, textarea, select, button, summary, a")) return;
  event.preventDefault();
  playOrPause().catch(trouble);
});

start().catch(trouble);

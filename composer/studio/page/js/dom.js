// Small hands for building the page.

const NOTICE_MS = 30_000;
let leaving = 0;

export const $ = (id) => document.getElementById(id);

/** An element with properties, attributes (those with a dash) and children. */
export function make(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (name.includes("-") || name === "for" || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

export const option = (value, text = value) => make("option", { value, textContent: text });

/** "1 bar", "2 bars". */
export const counted = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

/** Say that something was done, and offer the way back. */
export function notice(text, undo) {
  $("notice-says").textContent = text;
  $("notice-undo").onclick = () => {
    $("notice").hidden = true;
    undo().catch(trouble);
  };
  $("notice").hidden = false;
  clearTimeout(leaving);
  leaving = setTimeout(() => ($("notice").hidden = true), NOTICE_MS);
}

/** Show a mistake where everybody sees it, and what to do about it. */
export function trouble(error) {
  const problem = error.problem ?? { what: error.message, what_to_do: "" };
  $("trouble-what").textContent = sentence(problem.what);
  $("trouble-remedy").textContent = problem.what_to_do ? sentence(problem.what_to_do) : "";
  $("trouble").hidden = false;
  if (!error.problem) console.error(error);
}

/** A line of the program; the command line's options mean nothing here. */
export const said = (text) => text.replace(/ (with )?\(?--[a-z-]+\)?/g, "");

/** The same as a sentence. */
export function sentence(text) {
  const plain = said(text);
  return plain && plain[0].toUpperCase() + plain.slice(1);
}

export const percent = (share) => `${Math.round(share * 100)}%`;

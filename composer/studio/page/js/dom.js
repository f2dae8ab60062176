// Small hands for building the page.

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

/** Show a mistake where everybody sees it, and what to do about it. */
export function trouble(error) {
  const problem = error.problem ?? { what: error.message, what_to_do: "" };
  $("trouble-what").textContent = sentence(problem.what);
  $("trouble-remedy").textContent = problem.what_to_do ? sentence(problem.what_to_do) : "";
  $("trouble").hidden = false;
  if (!error.problem) console.error(error);
}

/** A line of the program as a sentence; the command line's options mean nothing here. */
export function sentence(text) {
  const said = text.replace(/ (with )?\(?--[a-z-]+\)?/g, "");
  return said && said[0].toUpperCase() + said.slice(1);
}

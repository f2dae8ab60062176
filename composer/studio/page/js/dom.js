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

/** Show the last line of a mistake where everybody sees it. */
export function trouble(error) {
  const problem = error.problem ?? { what: error.message, what_to_do: "" };
  $("trouble-what").textContent = sentence(problem.what);
  $("trouble-remedy").textContent = problem.what_to_do ? sentence(problem.what_to_do) : "";
  $("trouble").hidden = false;
  if (!error.problem) console.error(error);
}

export const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");

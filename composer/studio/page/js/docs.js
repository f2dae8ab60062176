// The API's documentation, read from /openapi.json.

import { $, make } from "./dom.js";

const api = await (await fetch("/openapi.json")).json();
$("about").textContent = api.info.description;
const shapes = new Set();

function named(schema) {
  if (!schema) return "";
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1);
    shapes.add(name);
    return name;
  }
  if (schema.anyOf) return schema.anyOf.map(named).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const) return JSON.stringify(schema.const);
  if (schema.prefixItems) return `[${schema.prefixItems.map(named).join(", ")}]`;
  if (schema.type === "array") return `${named(schema.items)}[]`;
  if (schema.type === "object" && schema.additionalProperties && schema.additionalProperties !== true) return `{ part: ${named(schema.additionalProperties)} }`;
  return schema.type ?? "any";
}

const range = ({ minimum, maximum }) => (minimum === undefined || maximum === undefined ? "" : `${minimum} … ${maximum}`);

for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, call] of Object.entries(methods)) {
    const body = Object.entries(call.requestBody?.content ?? {})[0];
    const good = Object.entries(call.responses).find(([code]) => code < 300);
    const answer = Object.values(good[1].content ?? {})[0];
    const query = (call.parameters ?? []).filter((one) => one.in === "query").map((one) => `${one.name}: ${named(one.schema)}`);
    $("calls").append(
      make("article", {},
        make("h3", {}, make("b", { textContent: method.toUpperCase() }), ` ${path}`),
        make("p", { textContent: call.description ?? "" }),
        make("p", { className: "says", textContent: [query.length && `query ${query.join(", ")}`, body && `body ${body[0] === "application/json" ? named(body[1].schema) : body[0]}`, `answers ${good[0]} ${named(answer?.schema)}`].filter(Boolean).join(" · ") }),
      ),
    );
  }
}
for (const [name, schema] of Object.entries(api.components.schemas)) {
  if (!schema.properties) continue;
  const rows = Object.entries(schema.properties).map(([field, of]) =>
    make("tr", {}, make("td", {}, make("code", { textContent: field })), make("td", { textContent: named(of) }), make("td", { textContent: [range(of), of.description].filter(Boolean).join("; ") })),
  );
  $("shapes").append(make("article", {}, make("h3", { textContent: name }), make("p", { textContent: schema.description ?? "" }), make("table", {}, make("tbody", {}, ...rows))));
}

// The studio's API: requests that fail with a Problem, uploads, and jobs that are followed.

export class Trouble extends Error {
  constructor(problem) {
    super(problem.message);
    this.problem = problem;
  }
}

async function reply(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Trouble({ what: "the studio does not answer", what_to_do: "is it still running?", message: "the studio does not answer" });
  }
  if (response.ok) return response;
  const strange = `the studio answered ${response.status}`;
  throw new Trouble(await response.json().catch(() => ({ what: strange, message: strange })));
}

const ask = async (path, options) => (await reply(path, options)).json();

export const get = (path) => ask(path);
export const bytes = async (path) => (await reply(path)).arrayBuffer();
export const post = (path, body = {}) => send("POST", path, body);
export const put = (path, body) => send("PUT", path, body);

const send = (method, path, body) =>
  ask(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const upload = (file, reference = false) =>
  ask(`/api/seeds?${new URLSearchParams({ name: file.name, reference })}`, { method: "POST", body: file });

export const discard = (path) => ask(path, { method: "DELETE" });

export const cancel = (job) => ask(`/api/jobs/${job}`, { method: "DELETE" });

/** Call `hear` with every event of a job; resolves with its last state, fails with its Problem. */
export function follow(job, hear = () => {}) {
  return new Promise((resolve, reject) => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/jobs/${job}/events`);
    let last = null;
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.type === "state") last = event;
      hear(event);
    };
    socket.onclose = () => {
      if (last?.state === "done" || last?.state === "cancelled") resolve(last);
      else reject(new Trouble(last?.problem ?? { what: "the studio has stopped", what_to_do: "start it again: everything finished is still there", message: "the studio has stopped" }));
    };
  });
}

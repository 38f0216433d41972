/** Clients without an SDK over HTTP: each message is a POST, and what comes back is a body or a stream. */
import type { Json, Line } from './raw-peer.js';
import { RawPeer } from './raw-peer.js';

/** Reads a stream of events to its end. */
async function readEvents(response: Response, take: (event: string, data: string) => void): Promise<void> {
  let rest = '';
  for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string): string[] =>
        block.split('\n').flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []));
      take(field('event')[0] ?? 'message', field('data').join('\n'));
    }
  }
}

const idsOf = (message: unknown): unknown[] =>
  [message]
    .flat()
    .flatMap((single) => ('method' in (single as Json) && 'id' in (single as Json) ? [(single as Json)['id']] : []));

const why = async (response: Response): Promise<Error> => new Error(`${response.status}: ${await response.text()}`);

/** Streamable HTTP, in the era that the messages are of. */
export class RawHttpClient extends RawPeer {
  readonly #url: string;
  /** What every request of a session says. */
  #session: Record<string, string> = {};
  /** All that is open; requests by their ids. */
  readonly #open = new Map<unknown, AbortController>();

  constructor(url: string) {
    super();
    this.#url = url;
  }

  send(message: unknown): void {
    const ids = idsOf(message);
    const controller = new AbortController();
    for (const id of ids) this.#open.set(id, controller);
    const post = async (): Promise<void> => {
      const headers = { ...this.#session, ...this.#mirror(message as Json), 'content-type': 'application/json' };
      const response = await this.#fetch('POST', controller, headers, JSON.stringify(message));
      const session = response.headers.get('mcp-session-id');
      if (session !== null) this.#session = { 'mcp-session-id': session };
      const type = response.headers.get('content-type');
      if (type === 'text/event-stream') await readEvents(response, (_event, data) => data !== '' && this.#take(data));
      else if (type === 'application/json') this.#take(await response.text(), ids[0]);
      else if (!response.ok) throw await why(response);
      this.fail(new Error('there was no answer'), ids);
    };
    post()
      .catch((error: unknown) => this.fail(error as Error, ids))
      .finally(() => ids.forEach((id) => this.#open.delete(id)));
  }

  /** @param about the request that an error is about, where the error does not say */
  #take(text: string, about?: unknown): void {
    const message = JSON.parse(text) as Line;
    if (!Array.isArray(message) && about !== undefined && message['id'] === undefined && 'error' in message)
      message['id'] = about;
    this.receive(message);
  }

  #fetch(method: string, { signal }: AbortController, headers: Record<string, string>, body?: string): Promise<Response> {
    const accept = method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream';
    return fetch(this.#url, { method, signal, headers: { accept, ...headers }, ...(body === undefined ? {} : { body }) });
  }

  /** The headers that repeat parts of a request of the era without sessions. */
  #mirror({ method, params }: Json): Record<string, string> {
    const { _meta: meta, name, uri } = (params ?? {}) as Json;
    const version = (meta as Json | undefined)?.['io.modelcontextprotocol/protocolVersion'];
    if (version === undefined) return {};
    const about = method === 'resources/read' ? uri : name;
    return {
      'mcp-protocol-version': String(version),
      'mcp-method': String(method),
      ...(about === undefined ? {} : { 'mcp-name': String(about) }),
    };
  }

  override async initialize(protocolVersion?: string, capabilities?: Json): Promise<Json> {
    const answer = await super.initialize(protocolVersion, capabilities);
    this.#session['mcp-protocol-version'] = String((answer['result'] as Json)['protocolVersion']);
    const controller = new AbortController();
    const response = await this.#fetch('GET', controller, this.#session);
    if (!response.ok) throw await why(response);
    this.#open.set('GET', controller);
    readEvents(response, (_event, data) => data !== '' && this.#take(data)).catch(() => {}); // it ends with us
    return answer;
  }

  /** Without a session it is the end of its response that ends a request. */
  override cancel(id: unknown): void {
    if (this.#session['mcp-session-id'] === undefined) this.#open.get(id)?.abort();
    else super.cancel(id);
  }

  async leave(): Promise<void> {
    if (this.#session['mcp-session-id'] !== undefined) {
      const response = await this.#fetch('DELETE', new AbortController(), this.#session);
      if (response.status !== 204) throw await why(response);
    }
    for (const controller of this.#open.values()) controller.abort();
  }
}

/** HTTP+SSE: all that comes, comes on one stream. */
export class RawSseClient extends RawPeer {
  readonly #url: string;
  readonly #controller = new AbortController();
  /** Where messages go, once it is known. */
  readonly #endpoint: Promise<URL>;

  constructor(url: string) {
    super();
    this.#url = url;
    this.#endpoint = this.#listen();
    this.#endpoint.catch(() => {}); // whoever sends is told
  }

  async #listen(): Promise<URL> {
    const { signal } = this.#controller;
    const response = await fetch(this.#url, { signal, headers: { accept: 'text/event-stream' } });
    if (!response.ok) throw await why(response);
    return new Promise((resolve) => {
      readEvents(response, (event, data) => {
        if (event === 'endpoint') resolve(new URL(data, this.#url));
        else if (event === 'message') this.receive(JSON.parse(data) as Line);
      }).catch((error: unknown) => this.fail(error as Error));
    });
  }

  send(message: unknown): void {
    const post = async (): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(await this.#endpoint, { method: 'POST', headers, body: JSON.stringify(message) });
      if (response.status !== 202) throw await why(response);
    };
    post().catch((error: unknown) => this.fail(error as Error, idsOf(message)));
  }

  leave(): Promise<void> {
    this.#controller.abort();
    return Promise.resolve();
  }
}

/** Server-Sent Events from a response of `fetch`, which can send a token, as `EventSource` cannot. */

/** One event. */
export interface ServerEvent {
  /** `message` where the server names none. */
  readonly type: string;
  readonly data: string;
  /** The id that a client reconnects with; undefined: the server gave none yet. */
  readonly id: string | undefined;
}

/**
 * The events of a response, until it ends. Ids of comments count too: they say how far the stream has come.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  let id: string | undefined;
  let type = '';
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { type: type === '' ? 'message' : type, data: data.join('\n'), id };
          [type, data] = ['', []];
          continue;
        }
        const [, name = '', text = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
        if (name === 'data') data.push(text);
        else if (name === 'event') type = text;
        else if (name === 'id') id = text;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined); // the connection is closed already where the page has left it
  }
}

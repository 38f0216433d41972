/** Reads documents of a user pool: its keys and its metadata. */

/** How long a request may take. */
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1_000_000;

/** Why a document could not be read, without anything of its text. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown error';
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return code ?? (error.name === 'TimeoutError' ? `no answer in ${TIMEOUT_MS / 1000} seconds` : error.message);
};

/** Fetches a URL. @throws Error, whose message contains nothing of the response */
export async function read(url: string): Promise<Buffer> {
  const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`status ${answer.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The value of a JSON text. @throws Error that does not quote the text */
export function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Error('not JSON'); // the parser's own message quotes the text
  }
}

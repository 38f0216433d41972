/**
 * Splits bytes into lines. It splits the bytes first and decodes complete lines, so a character is never split between chunks.
 */

const NEWLINE = 0x0a;
/** Some Windows shells write it at the start of a pipe. */
const BYTE_ORDER_MARK = '\uFEFF';

/** What {@link createLineReader} takes. */
export interface LineReaderOptions {
  /** Maximum size of one line in bytes, without its newline. */
  maxBytes: number;
  /** Called with each line, without its line ending. Blank lines are skipped. */
  onLine: (line: string) => void;
  /** Called once for each line that is too long. Its bytes are dropped. */
  onTooLong: () => void;
}

/** Splits chunks into lines. */
export interface LineReader {
  /** Adds the next bytes. */
  push(chunk: Buffer): void;
  /** Ends the input. The rest is the last line. */
  end(): void;
}

/** Creates a reader. */
export function createLineReader({ maxBytes, onLine, onTooLong }: LineReaderOptions): LineReader {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let skipping = false;
  let first = true;

  function hold(bytes: Buffer): void {
    if (bytes.length === 0 || skipping) return;
    if (heldBytes + bytes.length > maxBytes) {
      held = [];
      heldBytes = 0;
      skipping = true;
      onTooLong();
      return;
    }
    held.push(bytes);
    heldBytes += bytes.length;
  }

  function emit(line: string): void {
    let bare = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (first && bare.startsWith(BYTE_ORDER_MARK)) bare = bare.slice(1);
    first = false;
    if (bare.trim() !== '') onLine(bare);
  }

  /** Completes the line that started in an earlier chunk. */
  function finish(bytes: Buffer): void {
    hold(bytes);
    if (skipping) {
      skipping = false;
      return;
    }
    const [only = bytes] = held;
    const line = (held.length === 1 ? only : Buffer.concat(held, heldBytes)).toString('utf8');
    held = [];
    heldBytes = 0;
    emit(line);
  }

  return {
    push(chunk) {
      const last = chunk.lastIndexOf(NEWLINE);
      if (last === -1) {
        hold(chunk);
        return;
      }
      let from = 0;
      if (heldBytes > 0 || skipping) {
        const first = chunk.indexOf(NEWLINE);
        finish(chunk.subarray(0, first));
        from = first + 1;
      }
      if (last >= from) {
        // Decode all complete lines in one call.
        for (const line of chunk.toString('utf8', from, last).split('\n')) {
          // A UTF-16 unit takes one to three bytes, so most lines need no counting.
          if (line.length * 3 > maxBytes && Buffer.byteLength(line) > maxBytes) onTooLong();
          else emit(line);
        }
      }
      hold(chunk.subarray(last + 1));
    },
    end() {
      if (heldBytes > 0) finish(Buffer.alloc(0));
      skipping = false;
    },
  };
}

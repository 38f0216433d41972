/** The chunks of a body that is being received. */

/** Smaller chunks are copied together: one that is kept takes about 100 bytes more than it holds. */
const SMALL_BYTES = 1_024;
/** How large a block of small chunks is. */
const BLOCK_BYTES = 16_384;
/** A body may have so many small chunks, and more where they hold at least {@link USUAL_BYTES} on average. */
const MAX_SMALL = 1_000;
const USUAL_BYTES = 64;

/** Collects chunks. What it keeps is little more than what they hold, however small they are. */
export class Chunks {
  readonly #blocks: Buffer[] = [];
  /** The block that small chunks are copied to, and how much of it is used. */
  #open: Buffer | undefined;
  #used = 0;
  #small = 0;
  #smallBytes = 0;
  /** How many bytes there are. */
  bytes = 0;

  /**
   * Adds a chunk.
   *
   * @returns false where the chunks are so small that to receive the body would take far longer than to serve it
   */
  add(chunk: Buffer): boolean {
    this.bytes += chunk.length;
    if (chunk.length >= SMALL_BYTES) {
      this.#seal();
      this.#blocks.push(chunk);
      return true;
    }
    if (this.#open === undefined || this.#used + chunk.length > BLOCK_BYTES) {
      this.#seal();
      this.#open = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    }
    this.#used += chunk.copy(this.#open, this.#used);
    this.#small += 1;
    this.#smallBytes += chunk.length;
    return this.#small <= MAX_SMALL || this.#smallBytes >= this.#small * USUAL_BYTES;
  }

  /** All bytes, in one buffer. Nothing is kept after that. */
  take(): Buffer {
    this.#seal();
    const [first = Buffer.alloc(0), ...more] = this.#blocks.splice(0);
    return more.length === 0 ? first : Buffer.concat([first, ...more], this.bytes);
  }

  #seal(): void {
    if (this.#open !== undefined) this.#blocks.push(this.#open.subarray(0, this.#used));
    this.#open = undefined;
    this.#used = 0;
  }
}

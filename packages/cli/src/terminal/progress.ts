/** Shows how far long work is: a bar on a terminal, else a line now and then. */

/** What {@link createProgress} takes. */
export interface ProgressOptions {
  /** Writes text as it is. */
  write: (text: string) => void;
  /** Whether lines can be replaced. */
  terminal: boolean;
  /** Columns of the terminal. Default 80. */
  width?: number | undefined;
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number;
}

/** Shows progress. */
export interface Progress {
  /** Shows how many of `total` are done. */
  update(label: string, done: number, total: number): void;
  /** Removes the bar, so that other lines can be written. */
  clear(): void;
}

/** Milliseconds between two drawings of the bar, and between two lines of the same label. */
const DRAW_MS = 100;
const LINE_MS = 5_000;
const BAR = 24;

/** Creates a {@link Progress}. */
export function createProgress({ write, terminal, width = 80, now = Date.now }: ProgressOptions): Progress {
  let shownAt = -Infinity;
  let shownLabel: string | undefined;
  let drawn = false;
  const format = (number: number): string => number.toLocaleString('en-US');

  function bar(label: string, done: number, total: number): string {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const full = Math.round(share * BAR);
    const text = `[${'#'.repeat(full)}${'-'.repeat(BAR - full)}] ${format(done)} of ${format(total)} ${label}`;
    return text.slice(0, width - 1);
  }

  return {
    update(label, done, total) {
      if (total === 0) return;
      const isNew = label !== shownLabel;
      const isLast = done >= total;
      if (!isNew && !isLast && now() - shownAt < (terminal ? DRAW_MS : LINE_MS)) return;
      shownAt = now();
      shownLabel = label;
      drawn = terminal;
      write(terminal ? `\r\u001b[K${bar(label, done, total)}` : `${label}: ${format(done)} of ${format(total)}\n`);
    },
    clear() {
      if (drawn) write('\r\u001b[K');
      drawn = false;
    },
  };
}

/** Progress on stderr. */
export function stderrProgress(): Progress {
  const { stderr } = process;
  return createProgress({
    write: (text) => void stderr.write(text),
    terminal: stderr.isTTY === true,
    width: stderr.columns,
  });
}

/** A chart over time. Its values are in a table, too, for those who cannot see it. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';

import { formatClock, formatDay, formatTime } from '../base/amounts.js';
import { isDark } from '../state/theme.js';

/** One series of values. */
export interface Series {
  readonly label: string;
  /** One for each time; null: there is none. */
  readonly values: readonly (number | null)[];
  /** A custom property of the style sheet, such as `--accent`. */
  readonly colour: string;
  readonly kind: 'bars' | 'line';
}

/** What a chart shows. */
export interface ChartProps {
  readonly title: string;
  /** When each period begins, in milliseconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** How a value is written. */
  readonly format: (value: number) => string;
  /** How a value is written beside the axis. */
  readonly formatAxis: (value: number) => string;
}

const HEIGHT = 200;
const FONT = '12px system-ui, sans-serif';

/** A time beside the axis: the date at midnight and for days, else the hour. */
function tickText(at: number, stepMs: number): string {
  const time = new Date(at);
  const isDay = stepMs > 12 * 3_600_000 || (time.getHours() === 0 && time.getMinutes() === 0);
  return isDay ? formatDay(at) : formatClock(at).slice(0, 5);
}

function optionsOf(
  { series, times, formatAxis }: ChartProps,
  width: number,
  onPoint: (at: number | undefined) => void,
): uPlot.Options {
  const step = times.length < 2 ? 3_600 : ((times[1] ?? 0) - (times[0] ?? 0)) / 1_000;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--muted'), font: FONT, grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { size: 7 } },
    // Half a period more on both sides, so that no bar is cut.
    scales: {
      x: { range: (_chart, low, high) => [low - step / 2, high + step / 2] },
      y: { range: (_chart, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 30,
        space: 70,
        values: (_chart, values) => values.map((at) => tickText(at * 1_000, step * 1_000)),
      },
      { ...axis, size: 58, space: 34, values: (_chart, values) => values.map(formatAxis) },
    ],
    series: [
      {},
      ...series.map(({ label, kind, colour: name }): uPlot.Series => {
        const stroke = colour(name);
        const bars = uPlot.paths.bars?.({ size: [0.7, 36], radius: 0.12 });
        return kind === 'bars' && bars !== undefined
          ? { label, stroke, fill: stroke, width: 0, paths: bars, points: { show: false } }
          : { label, stroke, width: 2, spanGaps: false, points: { size: 5, fill: stroke } };
      }),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
  };
}

/** See {@link ChartProps}. */
export function Chart(props: ChartProps): JSX.Element {
  const { title, times, series, format } = props;
  const box = useRef<HTMLDivElement>(null);
  const [point, setPoint] = useState<number | undefined>();
  const dark = isDark();

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const data: uPlot.AlignedData = [times.map((at) => at / 1_000), ...series.map(({ values }) => [...values])];
    const chart = new uPlot(optionsOf(props, element.clientWidth, setPoint), data, element);
    const observer = new ResizeObserver(() => {
      if (element.clientWidth !== chart.width) chart.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [times, series, dark]);

  const at = point === undefined ? undefined : times[point];
  return (
    <figure class="chart" aria-label={title}>
      <figcaption class="legend small">
        {series.map(({ label, colour, values }) => {
          const value = point === undefined ? undefined : values[point];
          return (
            <span key={label}>
              <span class="swatch" style={{ background: `var(${colour})` }} />
              {label}
              {typeof value === 'number' && <span class="num strong"> {format(value)}</span>}
            </span>
          );
        })}
        <span class="muted num push">{at === undefined ? '\u00a0' : formatTime(at)}</span>
      </figcaption>
      <div ref={box} class="chart-box" aria-hidden="true" />
      <details class="small">
        <summary>As a table</summary>
        <div class="scroll short" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Time</th>
                {series.map(({ label }) => (
                  <th key={label} scope="col" class="right">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((time, row) => (
                <tr key={time}>
                  <td class="num">{formatTime(time)}</td>
                  {series.map(({ label, values }) => {
                    const value = values[row];
                    return (
                      <td key={label} class="num right">
                        {typeof value === 'number' ? format(value) : '–'}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

import { Chart, LineController, LineElement, LinearScale, LogarithmicScale, PointElement, Tooltip, type ChartDataset, type Plugin } from 'chart.js';
import type { RateTest } from '../src/protocol/answers.ts';
import type { Theme } from './theme.ts';
import { rateText } from '../src/protocol/rateWords.ts';

Chart.register(LineController, LineElement, LinearScale, LogarithmicScale, PointElement, Tooltip);

/** An upright line with a word at its top. */
export interface Mark {
  readonly name: string;
  readonly rate: number;
  /** What the file says, against what the test suggests. */
  readonly isToday: boolean;
}

export interface RateChart {
  update(test: RateTest, marks: readonly Mark[]): void;
  setTheme(theme: Theme): void;
}

type Dataset = ChartDataset<'line', { x: number; y: number }[]>;

/** Loss over the logarithm of the rate: dots as measured, a line as smoothed, suggestions and today's rate upright. */
export function rateChart(canvas: HTMLCanvasElement, initialTheme: Theme): RateChart {
  let theme = initialTheme, marks: readonly Mark[] = [], shown: RateTest | undefined;
  const chart = new Chart(canvas, {
    type: 'line',
    data: { datasets: [] as Dataset[] },
    plugins: [uprights(() => marks, () => theme)],
    options: {
      animation: false, parsing: false, normalized: true, responsive: true, maintainAspectRatio: false,
      interaction: { mode: 'nearest', axis: 'x', intersect: false },
      layout: { padding: { top: 48, right: 8 } },
      scales: {
        x: { type: 'logarithmic', border: { display: false }, title: { display: true, text: 'rate' }, ticks: { maxRotation: 0, callback: (value) => /^1e/.test(Number(value).toExponential()) ? rateText(Number(value)) : '' } },
        y: { type: 'linear', border: { display: false }, title: { display: true, text: 'training loss' }, ticks: { maxTicksLimit: 6, callback: (value) => Number(value).toFixed(2) } },
      },
      plugins: {
        tooltip: { callbacks: { title: ([item]) => item ? `rate ${rateText(item.parsed.x!)}` : '', label: (item) => ` ${item.dataset.label ?? ''}  ${item.parsed.y!.toFixed(3)}` } },
      },
    },
  });
  const redraw = (): void => {
    if (!shown) return;
    const { rates, losses, smoothed, startLoss } = shown, { x, y } = chart.options.scales!;
    const points = (values: readonly number[]): { x: number; y: number }[] => values.flatMap((value, i) => Number.isFinite(value) ? [{ x: rates[i]!, y: value }] : []);
    const most = 1.6 * Math.max(startLoss, ...smoothed.slice(0, Math.ceil(smoothed.length / 3))); // what falls apart leaves at the top
    chart.data.datasets = [
      { label: 'smoothed', data: points(smoothed), borderColor: theme.run, backgroundColor: theme.run, borderWidth: 2.5, pointRadius: 0, pointHoverRadius: 4, tension: 0 },
      { label: 'measured', data: points(losses), showLine: false, borderColor: theme.dim, backgroundColor: theme.dim, pointRadius: theme.contrast ? 2.5 : 2, pointHoverRadius: 4 },
    ];
    const highest = Math.max(...losses.filter(Number.isFinite));
    Object.assign(y!, { min: 0 });
    if (highest > most) Object.assign(y!, { max: most });
    else delete y!.max;
    for (const axis of [x!, y!]) {
      Object.assign(axis.ticks!, { color: theme.dim, font: { family: theme.font, size: 11 } });
      axis.grid = { color: theme.grid, drawTicks: false };
      Object.assign((axis as { title?: object }).title!, { color: theme.dim, font: { family: theme.font, size: 11 } });
    }
    Object.assign(x!, { min: rates[0], max: rates.at(-1) });
    x!.grid = { display: false };
    Object.assign(chart.options.plugins!.tooltip!, { titleFont: { family: theme.font }, bodyFont: { family: theme.font } });
    chart.update('none');
  };
  return {
    update: (test, next) => {
      shown = test;
      marks = next;
      redraw();
    },
    setTheme: (next) => {
      theme = next;
      redraw();
    },
  };
}

/** Today's rate is a dashed line. Names that would lie over one another go on three levels. */
function uprights(marksOf: () => readonly Mark[], themeOf: () => Theme): Plugin<'line'> {
  return {
    id: 'uprights',
    afterDatasetsDraw: ({ ctx, chartArea, scales }) => {
      const theme = themeOf(), marks = [...marksOf()].sort((a, b) => a.rate - b.rate);
      ctx.save();
      ctx.font = `11px ${theme.font}`;
      ctx.textAlign = 'center';
      const ends = [-Infinity, -Infinity, -Infinity];
      for (const { name, rate, isToday } of marks) {
        const x = scales['x']!.getPixelForValue(rate);
        if (x < chartArea.left || x > chartArea.right) continue;
        const half = ctx.measureText(name).width / 2 + 4, at = Math.max(chartArea.left + half - 4, Math.min(chartArea.right - half + 4, x)), free = ends.findIndex((end) => end <= at - half), level = free < 0 ? ends.length - 1 : free;
        ends[level] = at + half;
        ctx.strokeStyle = isToday ? theme.text : theme.run;
        ctx.setLineDash(isToday ? [4, 4] : []);
        ctx.lineWidth = theme.contrast ? 2 : 1.25;
        ctx.beginPath();
        ctx.moveTo(x, chartArea.bottom);
        ctx.lineTo(x, chartArea.top - 4);
        ctx.stroke();
        ctx.fillStyle = isToday ? theme.text : theme.run;
        ctx.fillText(name, at, chartArea.top - 8 - 14 * level);
      }
      ctx.restore();
    },
  };
}

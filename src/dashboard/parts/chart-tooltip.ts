import type uPlot from 'uplot';
import styles from './time-chart.module.css';

interface TooltipTexts {
  value(value: number | null): string;
  time(atMs: number): string;
}

/** The time and the values under the cursor, on the chart that the pointer is on and on all of its group. */
export function chartTooltip(texts: TooltipTexts): uPlot.Plugin {
  const box = element('div', 'tooltip');
  const time = box.appendChild(element('p', 'tooltipTime'));
  const values: HTMLElement[] = [];
  box.hidden = true;
  return {
    hooks: {
      init: (chart) => {
        for (const { label, stroke } of chart.series.slice(1)) {
          const [row, value] = rowOf(String(label), stroke);
          values.push(value);
          box.append(row);
        }
        chart.over.append(box);
      },
      setCursor: (chart) => {
        const { idx, left = -1 } = chart.cursor;
        const second = typeof idx === 'number' ? chart.data[0][idx] : undefined;
        box.hidden = left < 0 || second === undefined;
        if (typeof idx !== 'number' || second === undefined) return;
        time.textContent = texts.time(second * 1000);
        for (const [at, value] of values.entries())
          value.textContent = texts.value(chart.data[at + 1]?.[idx] ?? null);
        place(box, chart.over, left);
      },
    },
  };
}

function rowOf(label: string, stroke: uPlot.Series['stroke']): readonly [HTMLElement, HTMLElement] {
  const row = element('p', 'tooltipRow');
  const mark = row.appendChild(element('span', 'tooltipMark'));
  // uPlot makes a function of the colour that it was given
  const color: unknown = typeof stroke === 'function' ? Reflect.apply(stroke, undefined, []) : stroke;
  mark.style.background = String(color);
  row.append(label);
  return [row, row.appendChild(element('strong', 'tooltipValue'))];
}

/** Beside the cursor, where there is more room. */
function place(box: HTMLElement, over: HTMLElement, left: number): void {
  const isRight = left > over.clientWidth / 2;
  box.style.left = isRight ? '' : `${left + 12}px`;
  box.style.right = isRight ? `${over.clientWidth - left + 12}px` : '';
}

function element(tag: string, style: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = styles[style] ?? '';
  return made;
}

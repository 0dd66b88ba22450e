/** How figures are written: enough digits to compare, no more than the noise deserves. */
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const rate = (perSecond: number): string => grouped.format(perSecond);
export const bytes = (count: number): string => grouped.format(count);
export const micros = (value: number): string => (value < 1000 ? value.toFixed(2) : grouped.format(value));
export const latency = (value: number): string => (value < 100 ? value.toFixed(1) : grouped.format(value));
export const ratio = (value: number): string => value.toFixed(2);
export const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;

export function span(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

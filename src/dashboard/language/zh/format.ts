import type { format as english } from '../en/format.ts';

export const format: typeof english = {
  perSecond: (number) => `${number}/秒`,
  milliseconds: (number) => `${number} 毫秒`,
  seconds: (number) => `${number} 秒`,
  minutes: (number) => `${number} 分钟`,
  hours: (number) => `${number} 小时`,
  days: (number) => `${number} 天`,
  ago: (duration) => `${duration}前`,
  unknown: '–',
};

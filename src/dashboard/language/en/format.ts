export const format = {
  perSecond: (number: string): string => `${number}/s`,
  milliseconds: (number: string): string => `${number} ms`,
  seconds: (number: string): string => `${number} s`,
  minutes: (number: string): string => `${number} min`,
  hours: (number: string): string => `${number} h`,
  days: (number: string): string => `${number} d`,
  ago: (duration: string): string => `${duration} ago`,
  unknown: '–',
};

/** Whether `count` has reached what an operator allows; undefined or a negative number is no limit, as in RabbitMQ. */
export function isAtLimit(count: number, limit: number | undefined): boolean {
  return limit !== undefined && limit >= 0 && count >= limit;
}

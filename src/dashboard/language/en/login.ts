export const login = {
  title: 'Log in',
  lead: 'to see the queues flow',
  username: 'User name',
  password: 'Password or token',
  submit: 'Log in',
  wrong: 'The user name or the password is wrong.',
  throttled: (seconds: number): string =>
    seconds === 1
      ? 'There were too many failures. Try again in 1 second.'
      : `There were too many failures. Try again in ${seconds} seconds.`,
  noTag:
    'This user may not use the management: it needs the tag management, policymaker, monitoring or administrator.',
  noAnswer: 'The broker does not answer. Is it running?',
  ended: 'The session has ended. Log in again.',
};

/** What a reply begins with when all is well. */
export const OK = '0 OK\r\n';

/** Why a request is not answered: a whole line each. Those that begin with 1 end the conversation. */
export const status = {
  badEnding: '100 a line must end with CR LF\r\n',
  empty: '101 an empty line is not a request\r\n',
  tooLong: '101 the request is too long\r\n',
  tooSlow: '101 the request was not finished in time\r\n',
  internal: '199 the server could not answer\r\n',
  full: '199 the server is full, try again later\r\n',
  quota: '199 the quota is spent, try again later\r\n',
  draining: '199 the server is shutting down\r\n',
  noSuchCommand: '200 no such command\r\n',
  badArguments: '201 the arguments are wrong in number or form\r\n',
  noSuchFile: '202 no such file\r\n',
  beyondEnd: '203 the slice reaches beyond the end of the file\r\n',
} as const;

export type Status = (typeof status)[keyof typeof status];

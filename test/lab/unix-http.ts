/** HTTP over unix sockets: how the lab talks to what runs inside a host without entering it. */
import { request } from 'node:http';

export interface Answer {
  /** HTTP status; 0 when nobody answered within the time limit. */
  readonly status: number;
  readonly body: string;
}

/** Asks once; never rejects. `limitMs`: how long nothing may come. */
export function ask(
  socketPath: string,
  path: string,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' = 'GET',
  content = '',
  limitMs = 2000,
): Promise<Answer> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path, method, timeout: limitMs }, async (answer) => {
      let body = '';
      for await (const chunk of answer.setEncoding('utf8')) body += String(chunk);
      resolve({ status: answer.statusCode ?? 0, body });
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve({ status: 0, body: '' }));
    asked.end(content);
  });
}

// Runs a Node.js function: loads its handler, takes invocations from the Lambda Runtime API, and sends back what the handler returns.
//
// It does what AWS's own runtime does for a handler. What that one adds for AWS itself, such as telemetry, is not here.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, inspect } from 'node:util';

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const require = createRequire(join(process.env.LAMBDA_TASK_ROOT, 'package.json'));
/** Callbacks end with this version. */
const WITHOUT_CALLBACKS = 24;
/** The version that the function is configured for, which the machine's may differ from. */
const version = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)?.[1]);

let requestId;

class LoadError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

/** Where the function's files and this one are here, in paths and in URLs, and on AWS. */
const FOLDERS = [[process.env.LAMBDA_TASK_ROOT, '/var/task'], [process.env.LAMBDA_RUNTIME_DIR, '/var/runtime']]
  .flatMap(([here, there]) => [[pathToFileURL(here).href, pathToFileURL(there).href], [here, there]]);

function asOnAws(text) {
  return FOLDERS.reduce((text, [here, there]) => text.replaceAll(here, there), text);
}

/** The one connection to the Runtime API, and who waits for its answers, which come in order. */
const socket = connect(Number(port), host);
socket.setNoDelay(true);
const waiting = [];
let received = Buffer.alloc(0);
// Without the Runtime API there is nothing to do any more.
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(1));
socket.on('data', (chunk) => {
  received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
  for (;;) {
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const lines = received.toString('latin1', 0, end).split('\r\n').slice(1);
    const headers = Object.fromEntries(lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    const length = Number(headers['content-length'] ?? 0);
    if (received.length < end + 4 + length) return;
    const body = received.toString('utf8', end + 4, end + 4 + length);
    received = received.subarray(end + 4 + length);
    // A connection that waits for nothing keeps no process alive.
    const done = waiting.shift();
    if (waiting.length === 0) socket.unref();
    done({ headers, body });
  }
});

/** Sends a request; several may be on their way. */
function call(method, path, body = '', headers = {}) {
  const head = [`${method} /2018-06-01/runtime/${path} HTTP/1.1`, `host: ${host}:${port}`];
  if (method === 'POST') head.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`);
  for (const [name, value] of Object.entries(headers)) head.push(`${name}: ${value}`);
  socket.ref();
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  return new Promise((done) => waiting.push(done));
}

function described(error) {
  if (!(error instanceof Error) && Object.prototype.toString.call(error) !== '[object Error]') {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return {
    errorType: String(error.name),
    errorMessage: asOnAws(String(error.message)),
    trace: asOnAws(String(error.stack || '')).split('\n'),
  };
}

function report(path, error) {
  const body = described(error);
  return call('POST', path, JSON.stringify(body), { 'Lambda-Runtime-Function-Error-Type': body.errorType.replace(/[^\x20-\x7e]/g, '') });
}

/** Logs with the columns that AWS writes: time, request, level. A line feed would end the event. */
function log(level, args) {
  const text = format(...args).replace(/\n/g, '\r');
  process.stdout.write(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`);
}
const LEVELS = { log: 'INFO', info: 'INFO', debug: 'DEBUG', trace: 'TRACE', warn: 'WARN', error: 'ERROR' };
for (const [method, level] of Object.entries(LEVELS)) {
  console[method] = (...args) => log(level, args);
}

/** Whether the nearest package.json makes `.js` files ES modules. */
function isModulePackage(file) {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) {
      try {
        return JSON.parse(readFileSync(manifest, 'utf8')).type === 'module';
      } catch {
        return false;
      }
    }
    if (folder === process.env.LAMBDA_TASK_ROOT || folder === dirname(folder)) return false;
  }
}

function fileOf(path) {
  return ['', '.js', '.mjs', '.cjs'].map((end) => path + end).find((file) => extname(file) && existsSync(file));
}

/** The file and the line of a syntax error; empty if they can't be found. */
function placeOf(error, path) {
  const found = (text) => / *(?:file:\/\/)?\/var\/task\/(.+?:\d+)/.exec(asOnAws(String(text)))?.[1];
  let place = found(error.stack);
  const file = fileOf(path);
  if (place === undefined && file !== undefined) {
    // Where an ES module can't be parsed, Node.js writes to the standard error of a process that the error ends, and nowhere else.
    const load = `await import(${JSON.stringify(pathToFileURL(file).href)})`;
    const again = spawnSync(process.execPath, ['--input-type=module', '--eval', load], { encoding: 'utf8', timeout: 5000 });
    place = found(again.stderr);
  }
  return place === undefined ? '' : ` (${place})`;
}

async function loadModule(path) {
  const isModule = isModulePackage(path);
  const file = fileOf(path);
  if (file === undefined) return require(path);
  if (file.endsWith('.mjs') || (file.endsWith('.js') && isModule)) return import(pathToFileURL(file).href);
  return require(file);
}

async function loadHandler(root, name) {
  if (name.includes('..')) {
    throw new LoadError('Runtime.MalformedHandlerName', `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const [, folder, file, path] = /^(.*\/)?([^./]*)\.(.+)$/.exec(name) ?? [];
  if (path === undefined) {
    throw new LoadError('Runtime.MalformedHandlerName', 'Bad handler');
  }
  let found;
  const module = resolve(root, folder ?? '', file);
  try {
    found = await loadModule(module);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new LoadError('Runtime.UserCodeSyntaxError', String(error) + placeOf(error, module));
    }
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw new LoadError('Runtime.ImportModuleError', String(error));
    }
    throw error;
  }
  const member = (of) => path.split('.').reduce((value, part) => value?.[part], of);
  // What `module.exports = …` of CommonJS gives an ES module is its default.
  const handler = member(found) ?? member(found?.default);
  if (handler === undefined || handler === null) {
    throw new LoadError('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  }
  if (typeof handler !== 'function') {
    throw new LoadError('Runtime.HandlerNotFound', `${name} is not a function`);
  }
  if (version >= WITHOUT_CALLBACKS && handler.length >= 3) {
    throw new LoadError(
      'Runtime.CallbackHandlerDeprecated',
      'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
    );
  }
  return handler;
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const parsed = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed('lambda-runtime-client-context'),
    identity: parsed('lambda-runtime-cognito-identity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/** What the handler answers, by a promise or by its callback. */
function answered(handler, event, context) {
  let stop = () => {};
  const answer = new Promise((done, failed) => {
    const callback = (error, value) => (error === undefined || error === null ? done(value) : failed(error));
    if (version < WITHOUT_CALLBACKS) {
      context.succeed = done;
      context.fail = failed;
      context.done = callback;
    }
    const result = version < WITHOUT_CALLBACKS ? handler(event, context, callback) : handler(event, context);
    if (typeof result?.then === 'function') {
      result.then(done, failed);
    } else if (version >= WITHOUT_CALLBACKS) {
      done(result);
    }
    if (version < WITHOUT_CALLBACKS) {
      // What a handler returns is ignored unless it is a promise. Without anything left to wait for, the answer is null.
      const isOver = () => done(null);
      process.once('beforeExit', isOver);
      stop = () => process.off('beforeExit', isOver);
    }
  });
  return answer.finally(() => stop());
}

/** An error that no promise of the handler's has: it ends the process, as on AWS. */
function dies(error, label, status) {
  log('ERROR', [label, JSON.stringify(described(error))]);
  const path = requestId === undefined ? 'init/error' : `invocation/${requestId}/error`;
  report(path, error).finally(() => process.exit(status));
}

process.on('uncaughtException', (error) => dies(error, 'Uncaught Exception', 129));
process.on('unhandledRejection', (reason) => {
  const error = new LoadError('Runtime.UnhandledPromiseRejection', reason instanceof Error ? String(reason) : inspect(reason));
  dies(error, 'Unhandled Promise Rejection', 128);
});

let handler;
try {
  handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
} catch (error) {
  log('ERROR', [error instanceof LoadError ? 'Uncaught Exception' : 'Init Error', JSON.stringify(described(error))]);
  await report('init/error', error);
  process.exit(1);
}

let next = await call('GET', 'invocation/next');
for (;;) {
  requestId = next.headers['lambda-runtime-aws-request-id'];
  process.env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'] ?? '';
  let sent;
  try {
    const result = await answered(handler, JSON.parse(next.body), contextOf(next.headers));
    const text = JSON.stringify(result ?? null) ?? 'null';
    // The answer and the question for the next invocation go together.
    socket.cork();
    sent = call('POST', `invocation/${requestId}/response`, text);
  } catch (error) {
    log('ERROR', ['Invoke Error', JSON.stringify(described(error))]);
    socket.cork();
    sent = report(`invocation/${requestId}/error`, error);
  }
  const coming = call('GET', 'invocation/next');
  socket.uncork();
  await sent;
  next = await coming;
}

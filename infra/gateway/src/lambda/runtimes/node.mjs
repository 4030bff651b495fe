// Runs a Node.js handler for Ferrogate: takes events from the Lambda Runtime API and posts what the handler makes of
// them. Answers, errors and log lines are those of AWS's own Node.js runtimes. In stack traces the function's folder is
// written as /var/task and this file as /var/runtime/index.mjs, as they would be there.

import dns from 'node:dns';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Writable } from 'node:stream';
import util from 'node:util';

const TASK_ROOT = process.env.LAMBDA_TASK_ROOT;
const require = createRequire(import.meta.url);

// ---- Names below `localhost` mean this machine, as RFC 6761 has it: not every C library's resolver knows. `domainName` in
// the events of API Gateway is such a name, and handlers post to connections through it.

const resolve = dns.lookup;
dns.lookup = (name, ...rest) => resolve(/\.localhost\.?$/i.test(name) ? '127.0.0.1' : name, ...rest);

// ---- The Runtime API

const INVOCATION = '/2018-06-01/runtime/invocation/';
const END_OF_HEAD = Buffer.from('\r\n\r\n');

// One connection, kept for the life of the process. The other end always announces a body's length, so this is all of
// HTTP that is needed; `node:http` would take several times as long for each event.
class RuntimeApi {
  constructor(address) {
    const colon = address.lastIndexOf(':');
    this.address = address;
    this.ask = `GET ${INVOCATION}next HTTP/1.1\r\nHost: ${address}\r\n\r\n`;
    this.parts = [];
    this.length = 0;
    this.needed = 0;
    this.head = undefined;
    this.waiting = [];
    this.socket = net.connect(Number(address.slice(colon + 1)), address.slice(0, colon));
    this.socket.setNoDelay(true);
    this.socket.on('data', (part) => this.receive(part));
    // Nobody is there to run for.
    this.socket.on('error', () => process.exit(1));
    this.socket.on('close', () => process.exit(1));
    this.socket.unref();
  }

  receive(part) {
    this.parts.push(part);
    this.length += part.length;
    while (this.length > 0 && this.length >= this.needed) {
      const bytes = this.parts.length === 1 ? this.parts[0] : Buffer.concat(this.parts, this.length);
      this.parts = [bytes];
      if (this.head === undefined) {
        const end = bytes.indexOf(END_OF_HEAD);
        if (end < 0) return;
        this.head = parseHead(bytes.toString('utf8', 0, end));
        this.needed = end + 4 + Number(this.head.headers['content-length'] ?? 0);
        this.head.begin = end + 4;
        continue;
      }
      const { status, headers, begin } = this.head;
      const body = bytes.toString('utf8', begin, this.needed);
      const rest = bytes.subarray(this.needed);
      this.head = undefined;
      this.parts = rest.length > 0 ? [rest] : [];
      this.length = rest.length;
      this.needed = 0;
      this.waiting.shift()?.({ status, headers, body });
    }
  }

  // While the function works, this connection must not keep the event loop alive: when the loop is empty, it has
  // nothing left to do.
  work() {
    this.socket.unref();
  }

  next() {
    this.socket.ref();
    this.socket.write(this.ask);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  post(path, body, headers, onAnswer) {
    this.waiting.push((answer) => {
      if (answer.status >= 300) {
        process.stdout.write(`The Runtime API has refused the outcome: ${answer.status} ${answer.body}\n`);
      }
      onAnswer?.();
    });
    this.socket.ref();
    const length = Buffer.byteLength(body);
    const head = `POST ${path} HTTP/1.1\r\nHost: ${this.address}\r\n${headers}Content-Length: ${length}\r\n\r\n`;
    if (typeof body === 'string') {
      this.socket.write(head + body);
    } else {
      this.socket.write(head);
      this.socket.write(body);
    }
  }

  respond(id, body, contentType = 'application/json') {
    this.post(`${INVOCATION}${id}/response`, body, `Content-Type: ${contentType}\r\n`);
  }

  // Has all that `write` sends leave together.
  together(write) {
    this.socket.cork();
    write();
    this.socket.uncork();
  }

  fail(id, error, onAnswer) {
    this.post(`${INVOCATION}${id}/error`, JSON.stringify(errorObject(error)), errorHeaders(error), onAnswer);
  }

  initError(error, onAnswer) {
    this.post('/2018-06-01/runtime/init/error', JSON.stringify(errorObject(error)), errorHeaders(error), onAnswer);
  }
}

const JSON_TYPE = 'Content-Type: application/json\r\n';

function errorHeaders(error) {
  const type = errorObject(error).errorType;
  // A header holds no line breaks nor other letters; an error's name may.
  return `${JSON_TYPE}Lambda-Runtime-Function-Error-Type: ${String(type).replace(/[^ -~]/g, '?')}\r\n`;
}

function parseHead(text) {
  const lines = text.split('\r\n');
  const headers = {};
  for (let n = 1; n < lines.length; n++) {
    const colon = lines[n].indexOf(':');
    headers[lines[n].slice(0, colon).toLowerCase()] = lines[n].slice(colon + 1).trim();
  }
  return { status: Number(lines[0].split(' ', 2)[1]), headers };
}

// ---- Errors

function runtimeError(name) {
  const type = { [name]: class extends Error {} }[name];
  type.prototype.name = `Runtime.${name}`;
  return type;
}

const ImportModuleError = runtimeError('ImportModuleError');
const HandlerNotFound = runtimeError('HandlerNotFound');
const MalformedHandlerName = runtimeError('MalformedHandlerName');
const UserCodeSyntaxError = runtimeError('UserCodeSyntaxError');
const UnhandledPromiseRejection = runtimeError('UnhandledPromiseRejection');
const CallbackHandlerDeprecated = runtimeError('CallbackHandlerDeprecated');
const NodeJsExit = runtimeError('NodeJsExit');
const InvalidStreamingOperation = runtimeError('InvalidStreamingOperation');

const OWN = [import.meta.url, pathToFileURL(realPath(fileURLToPath(import.meta.url))).href];
const FOLDERS = OWN.flatMap((url) => [
  [url, 'file:///var/runtime/index.mjs'],
  [fileURLToPath(url), '/var/runtime/index.mjs'],
]);
for (const root of [TASK_ROOT, realPath(TASK_ROOT)]) {
  FOLDERS.push([`${pathToFileURL(root).href}/`, 'file:///var/task/'], [`${root}/`, '/var/task/']);
}

function realPath(file) {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

// Text as on AWS: its folders for those of this machine.
function shown(text) {
  return FOLDERS.reduce((shown, [real, there]) => shown.replaceAll(real, there), text);
}

const isErrorLike = (value) =>
  util.types.isNativeError(value) ||
  (value && [value.name, value.message, value.stack].every((field) => field && typeof field === 'string'));

// The payload that a caller gets.
function errorObject(error) {
  try {
    if (isErrorLike(error)) {
      const trace = shown(String(error.stack ?? '')).split('\n');
      return { errorType: String(error.name), errorMessage: shown(String(error.message)), trace };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
    };
  }
}

// An error in the log: with its own fields, and those of the errors within it.
function logError(title, thrown) {
  const error = thrown instanceof Error ? thrown : new Error(thrown);
  const whole = (_key, value) => {
    if (!(value instanceof Error)) return value;
    const fields = { errorType: value.name, errorMessage: value.message, code: value.code, ...value };
    if (typeof value.stack === 'string') fields.stack = shown(value.stack).split('\n');
    return fields;
  };
  let text;
  try {
    text = JSON.stringify(error, whole);
  } catch {
    text = JSON.stringify(errorObject(error));
  }
  console.error(title, `\t${text}`);
}

// ---- The log

const REQUEST_ID = Symbol.for('aws.lambda.runtime.requestId');
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

function patchConsole() {
  const least = LEVELS.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL ?? '').toUpperCase());
  const logger = (level) => {
    if (LEVELS.indexOf(level) < least) return () => {};
    return (...words) => {
      const id = globalThis[REQUEST_ID];
      process.stdout.write(`${new Date().toISOString()}\t${id}\t${level}\t${util.format(...words)}\n`);
    };
  };
  for (const level of LEVELS) console[level.toLowerCase()] = logger(level);
  console.log = console.info;
}

// ---- Streamed responses: collected, and given as a whole, as Lambda does for callers who have not asked for a stream

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

class ResponseStream extends Writable {
  chunks = [];
  contentType = 'application/octet-stream';

  setContentType(contentType) {
    this.contentType = contentType;
  }

  _write(chunk, _encoding, written) {
    this.chunks.push(chunk);
    written();
  }
}

// What functions find under the name `awslambda`.
const awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [STREAMING]: 'response' }),
  HttpResponseStream: {
    from: (stream, metadata) => {
      stream.setContentType('application/vnd.awslambda.http-integration-response');
      stream.write(JSON.stringify(metadata));
      stream.write(Buffer.alloc(8));
      return stream;
    },
  },
};

// ---- The handler

function isModuleFolder(folder) {
  for (let at = folder; !at.endsWith('/node_modules'); at = path.dirname(at)) {
    const manifest = path.join(at, 'package.json');
    if (fs.existsSync(manifest)) {
      try {
        return JSON.parse(fs.readFileSync(manifest, 'utf8'))?.type === 'module';
      } catch (error) {
        console.warn(`${manifest} cannot be read, it will be ignored for ES module detection purposes.`, error);
        return false;
      }
    }
    if (at === path.dirname(at)) break;
  }
  return false;
}

async function loadModule(folder, name) {
  const file = path.resolve(TASK_ROOT, folder, name);
  const isFile = (extension) => fs.existsSync(file + extension);
  const imported = (extension) => import(pathToFileURL(file + extension).href);
  if (fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return require(file);
  const isModule = isModuleFolder(path.dirname(file));
  if (isFile('.js')) return isModule ? imported('.js') : require(`${file}.js`);
  if (isFile('.mjs')) return imported('.mjs');
  if (isFile('.cjs')) return require(`${file}.cjs`);
  return require(require.resolve(name, { paths: [TASK_ROOT, path.resolve(TASK_ROOT, folder)] }));
}

async function load(handler) {
  if (handler.includes('..')) {
    throw new MalformedHandlerName(
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const base = path.basename(handler);
  const parts = /^([^.]*)\.(.*)$/.exec(base);
  if (!parts) throw new MalformedHandlerName('Bad handler');
  let module;
  try {
    module = await loadModule(handler.slice(0, handler.indexOf(base)), parts[1]);
  } catch (error) {
    if (error instanceof SyntaxError) {
      // Its own stack begins with the place in the file.
      throw Object.assign(new UserCodeSyntaxError(error), { stack: error.stack });
    }
    const isMissing = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes(error?.code);
    if (isMissing && fs.existsSync(path.join(TASK_ROOT, 'package.json')) && !fs.existsSync(path.join(TASK_ROOT, 'node_modules'))) {
      console.warn("Ferrogate installs no dependencies: `npm install` in the function's folder puts them beside its code");
    }
    if (error?.code === 'MODULE_NOT_FOUND') throw new ImportModuleError(error);
    throw error;
  }
  const found = parts[2].split('.').reduce((value, key) => value && value[key], module);
  if (!found) throw new HandlerNotFound(`${handler} is undefined or not exported`);
  if (typeof found !== 'function') throw new HandlerNotFound(`${handler} is not a function`);
  return found;
}

// ---- Invocations

const ENVIRONMENT = {
  functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
};

// Its name and its method's are seen in stack traces.
class Runtime {
  constructor(api, handler) {
    this.api = api;
    this.handler = handler;
    this.isAsync = handler.constructor?.name === 'AsyncFunction';
    // What to do when the event loop is empty.
    this.onEmptyLoop = undefined;
    // The invocation that has no outcome yet.
    this.invocation = undefined;
  }

  async handleOnceNonStreaming() {
    const { headers, body } = await this.api.next();
    this.api.work();
    this.invocation = headers['lambda-runtime-aws-request-id'];
    globalThis[REQUEST_ID] = this.invocation;
    const trace = headers['lambda-runtime-trace-id'];
    if (trace) process.env._X_AMZN_TRACE_ID = trace;
    else delete process.env._X_AMZN_TRACE_ID;
    const { callback, context, neverCalled, respondWith } = this.outcome(this.invocation);
    this.onEmptyLoop = neverCalled;
    try {
      Object.assign(context, ENVIRONMENT, headerFields(headers));
      if (this.handler[STREAMING]) {
        this.stream(JSON.parse(body), context, respondWith);
        return;
      }
      const result = this.handler(JSON.parse(body), context, callback);
      if (typeof result?.then === 'function') {
        result.then(context.succeed, context.fail).catch(context.fail);
      }
    } catch (error) {
      callback(error);
    }
  }

  async stream(event, context, respondWith) {
    const stream = new ResponseStream();
    const finished = new Promise((resolve, reject) => stream.on('finish', resolve).on('error', reject));
    // A failure is seen where it is awaited.
    finished.catch(() => {});
    try {
      const result = this.handler(event, stream, context);
      if (typeof result?.then !== 'function') throw new Error('Streaming does not support non-async handlers.');
      await result;
      if (!stream.writableEnded) throw new InvalidStreamingOperation('Response stream is not finished.');
      await finished;
      respondWith(Buffer.concat(stream.chunks), stream.contentType);
    } catch (error) {
      context.fail(error);
    }
  }

  // Posts an outcome and asks for the next event.
  end(post) {
    this.invocation = undefined;
    this.onEmptyLoop = undefined;
    this.api.together(() => {
      post();
      this.handleOnceNonStreaming();
    });
  }

  // The ways in which a handler can end an invocation. The first counts.
  outcome(id) {
    let waitsForEmptyLoop = true;
    let called = false;
    const isOpen = () => this.invocation === id;
    const fail = (error) => {
      if (!isOpen()) return;
      logError('Invoke Error', error);
      this.end(() => this.api.fail(id, error));
    };
    const respond = (result) => {
      if (!isOpen()) return;
      respondWith(serialize(result));
    };
    const respondWith = (body, contentType) => {
      if (isOpen()) this.end(() => this.api.respond(id, body, contentType));
    };
    const done = (error, result) => {
      if (called) return;
      if (error !== undefined && error !== null) fail(error);
      else respond(result);
      called = true;
    };
    const callback = (error, result) => {
      if (called || !isOpen()) return;
      if ((error !== undefined && error !== null) || !waitsForEmptyLoop) {
        done(error, result);
        return;
      }
      called = true;
      this.onEmptyLoop = () => {
        try {
          respond(result);
        } catch (failure) {
          fail(failure);
        }
      };
    };
    const context = {
      get callbackWaitsForEmptyEventLoop() {
        return waitsForEmptyLoop;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waitsForEmptyLoop = value;
      },
      done,
      succeed: (result) => done(null, result),
      fail: (error) => done(error ?? 'handled'),
    };
    // The loop is empty and the handler has not said anything: a promise that nobody settles, or a forgotten callback.
    const neverCalled = () => {
      if (this.isAsync) fail(new NodeJsExit(NEVER_SETTLED));
      else respond(null);
    };
    return { callback, context, neverCalled, respondWith };
  }
}

const NEVER_SETTLED =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes';

function serialize(result) {
  try {
    // What JSON has no word for, such as a function, is nothing.
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

function headerFields(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    clientContext: parsed(headers['lambda-runtime-client-context'], 'ClientContext'),
    identity: parsed(headers['lambda-runtime-cognito-identity'], 'CognitoIdentity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function parsed(text, name) {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
}

async function main() {
  patchConsole();
  globalThis.awslambda = awslambda;
  const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
  let runtime;
  const end = (error, status) => {
    const leave = () => process.exit(status);
    if (runtime === undefined) {
      api.initError(error, leave);
    } else if (runtime.invocation === undefined) {
      // It was left over from an invocation that has been answered.
      leave();
    } else {
      const id = runtime.invocation;
      runtime.invocation = undefined;
      runtime.onEmptyLoop = undefined;
      api.fail(id, error, leave);
    }
  };
  process.on('uncaughtException', (error) => {
    logError('Uncaught Exception', error);
    end(error, 129);
  });
  process.on('unhandledRejection', (reason) => {
    const error = new UnhandledPromiseRejection(reason);
    error.reason = reason;
    logError('Unhandled Promise Rejection', error);
    end(error, 128);
  });
  process.on('beforeExit', () => runtime?.onEmptyLoop?.());
  let handler;
  try {
    handler = await load(process.env._HANDLER);
    const version = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)?.[1] ?? 0);
    if (version >= 24 && handler.length >= 3 && !handler[STREAMING]) {
      throw new CallbackHandlerDeprecated(
        'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You will need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
      );
    }
  } catch (error) {
    logError('Uncaught Exception', error);
    end(error, 129);
    return;
  }
  runtime = new Runtime(api, handler);
  runtime.handleOnceNonStreaming();
}

main();

// In the place of iconv-lite, with which express reads a body in whatever encoding a request names: the engine's are in
// UTF-8, and the tables of all others take megabytes of the plugin's memory.
const { StringDecoder } = require('node:string_decoder');

const isUtf8 = (name) => /^utf-?8$/i.test(name);

exports.encodingExists = isUtf8;
exports.decode = (buffer) => buffer.toString('utf8');
exports.getDecoder = (name) => {
  // In these words raw-body looks for a request's own fault.
  if (!isUtf8(name)) throw new Error(`Encoding not recognized: '${name}'`);
  return new StringDecoder('utf8');
};

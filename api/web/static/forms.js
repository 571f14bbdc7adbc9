// A form from a JSON Schema: one control a property for the plain types, JSON text for the rest. The server has the last word.
import { field, h } from './dom.js';

const typeOf = (schema) => (Array.isArray(schema.type) ? schema.type.find((type) => type !== 'null') : schema.type);

function jsonText(start) {
  return h('textarea', { rows: 4, spellcheck: 'false', class: 'mono', value: start === undefined ? '' : JSON.stringify(start, null, 2) });
}

/** One control and how its value is read; undefined means left out. Reading throws what to show. */
function controlOf(schema, required) {
  const start = schema.default;
  if (Array.isArray(schema.enum)) {
    const select = h('select', { required }, required ? null : h('option', { value: '' }, '\u2013'),
      schema.enum.map((one, i) => h('option', { value: String(i) }, typeof one === 'string' ? one : JSON.stringify(one))));
    const at = schema.enum.indexOf(start);
    if (at >= 0) select.value = String(at);
    return { control: select, read: () => (select.value === '' ? undefined : schema.enum[Number(select.value)]) };
  }
  const type = typeOf(schema);
  if (type === 'boolean') {
    const box = h('input', { type: 'checkbox', checked: start === true });
    return { control: box, read: () => (box.checked || required || start !== undefined ? box.checked : undefined) };
  }
  if (type === 'integer' || type === 'number') {
    const input = h('input', {
      type: 'number', required, min: schema.minimum, max: schema.maximum, step: type === 'integer' ? 1 : 'any',
      value: start === undefined ? '' : String(start),
    });
    return { control: input, read: () => (input.value === '' ? undefined : Number(input.value)) };
  }
  if (type === 'string') {
    const long = (schema.maxLength || 0) > 200;
    const input = h(long ? 'textarea' : 'input', {
      required, maxlength: schema.maxLength, minlength: schema.minLength, value: start || '', rows: long ? 4 : null });
    return { control: input, read: () => (input.value === '' && !required ? undefined : input.value) };
  }
  const text = jsonText(start);
  text.required = required;
  return { control: text, read: () => (text.value.trim() === '' ? undefined : JSON.parse(text.value)) };
}

/** `{element, value()}`; `value()` gives the object, or throws an Error with what is wrong. */
export function formOf(schema) {
  const properties = schema && schema.properties && Object.keys(schema.properties).length ? schema.properties : null;
  if (!properties) {
    const text = jsonText({});
    return {
      element: field('Input', text, 'A JSON object'),
      value() {
        try {
          return JSON.parse(text.value || '{}');
        } catch (error) {
          throw new Error(`The input is no JSON: ${error.message}`);
        }
      },
    };
  }
  const needed = new Set(schema.required || []);
  const parts = Object.entries(properties).map(([name, one]) => {
    const part = controlOf(one || {}, needed.has(name));
    return { name, ...part, element: field(`${one.title || name}${needed.has(name) ? ' *' : ''}`, part.control, one.description) };
  });
  return {
    element: h('div', { class: 'form' }, parts.map((part) => part.element)),
    value() {
      const out = {};
      for (const { name, read } of parts) {
        try {
          const value = read();
          if (value !== undefined) out[name] = value;
        } catch (error) {
          throw new Error(`${name} is no JSON: ${error.message}`);
        }
      }
      return out;
    },
  };
}

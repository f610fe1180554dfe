import { afterEach, describe, expect, it, vi } from 'vitest';
import { ModelError } from '../../src/errors';
import { type ChatMessage, chatTemplateOf } from '../../src/models/chatTemplate';

const user: ChatMessage = { role: 'user', content: 'Hi' };
const assistant: ChatMessage = { role: 'assistant', content: 'Hello' };
const open = { addGenerationPrompt: true };

function template(text: string) {
  return chatTemplateOf(text, {}) ?? expect.fail('no template');
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('which chat template a model has', () => {
  const config = { chat_template: 'in the config' };
  const named = (...names: string[]) => ({ chat_template: names.map((name) => ({ name, template: `the ${name}` })) });

  it('is that of chat_template.jinja, before that of the config', () => {
    expect(chatTemplateOf('in a file', config)?.render([user], open)).toBe('in a file');
    expect(chatTemplateOf(null, config)?.render([user], open)).toBe('in the config');
  });

  it('is the default one among several', () => {
    expect(chatTemplateOf(null, named('tool_use', 'default'))?.render([user], open)).toBe('the default');
    expect(chatTemplateOf(null, named('tool_use', 'rag'))).toBeNull();
  });

  it('is none where no file has one', () => {
    expect(chatTemplateOf(null, {})).toBeNull();
    expect(chatTemplateOf(null, { chat_template: null })).toBeNull();
  });
});

describe('what a chat template finds', () => {
  it('every special token of the config, whichever way it is written', () => {
    const config = {
      chat_template: '{{ bos_token }}{{ image_token }}{{ pad_token is defined }}{{ add_bos_token is defined }}',
      bos_token: { content: '<s>' },
      image_token: '<img>',
      pad_token: null,
      add_bos_token: true,
    };
    expect(chatTemplateOf(null, config)?.render([user], open)).toBe('<s><img>falsefalse');
  });

  it('tools and documents that are none, not undefined', () => {
    expect(template('{{ tools is none }} {{ documents is none }}').render([user], open)).toBe('true true');
  });

  it('the day in English, whatever the language of the browser', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(2025, 11, 4, 12) });
    const { DateTimeFormat } = Intl;
    vi.spyOn(Intl, 'DateTimeFormat').mockImplementation((_, options) => new DateTimeFormat('de', options));
    expect(template('{{ strftime_now("%A, %d %b %Y, %B") }}').render([user], open)).toBe(
      'Thursday, 04 Dec 2025, December',
    );
  });

  it('its own first line as it stands', () => {
    expect(template('\n  {% if true %}\nx{% endif %}').render([user], open)).toBe('\nx');
  });

  it('contents as lists of parts, where it reads no others', () => {
    const typed = template(
      '{% for m in messages %}{{ m.role }}:{% for part in m.content %}{% if part.type == "text" %}{{ part.text }}{% endif %}{% endfor %};{% endfor %}',
    );
    expect(typed.render([user, assistant], open)).toBe('user:Hi;assistant:Hello;');
    const either = template('{{ "text" if messages[0].content is string else "parts" }} {{ messages[0].content }}');
    expect(either.render([user], open)).toBe('text Hi');
  });
});

describe('a chat template that refuses', () => {
  const alternating = template(
    '{% for m in messages %}{% if (m.role == "user") != (loop.index0 % 2 == 0) %}{{ raise_exception("Roles must alternate") }}{% endif %}{{ m.content }}{% endfor %}',
  );

  it('says why, and what to do', () => {
    const render = () => alternating.render([user, user], open);
    expect(render).toThrow(ModelError);
    expect(render).toThrow('The chat template does not take these messages: Roles must alternate');
    expect(alternating.render([user, assistant], open)).toBe('HiHello');
  });

  it('is named by its file where it cannot be read', () => {
    const where = expect.objectContaining({ where: { file: 'chat_template.jinja', field: 'chat_template' } });
    expect(() => template('{% for %}')).toThrow(where);
  });
});

describe('what stands behind an answer', () => {
  it('is what the template writes there', () => {
    const turns = '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>\n{% endfor %}';
    expect(template(turns).afterAnswer()).toBe('<|end|>\n');
  });

  it('is nothing where the template has no place for an answer', () => {
    expect(template('{{ messages[0].content }}').afterAnswer()).toBeNull();
    expect(template('{{ raise_exception("no") }}').afterAnswer()).toBeNull();
  });
});

// Makes the calls of cells.js, shows what becomes of them, and leaves it in `window.results` for who drives the browser.

import { CELLS } from './cells.js';
import { call, sum } from './call.js';

/** Calls at a time: encoders want a processor each. */
const LANES = 2;

const element = (id) => document.getElementById(id);

const cards = CELLS.map((cell) => {
    const card = element('card').content.cloneNode(true).firstElementChild;
    card.querySelector('h2').textContent = cell.name;
    element('cards').append(card);
    return card;
});

async function makeCalls() {
    const waiting = CELLS.map((cell, place) => ({ cell, place }));
    const results = [];
    const lane = async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
            results[next.place] = await makeCall(next.cell, cards[next.place]);
        }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return results;
}

async function makeCall(cell, card) {
    const state = card.querySelector('.state');
    const screens = card.querySelector('.screens');
    state.textContent = 'calling …';
    let result;
    try {
        result = { name: cell.name, ...(await call(cell, screens)) };
    } catch (error) {
        result = { ...NOTHING, name: cell.name, missing: [String(error)] };
    }
    result.passed = result.missing.length === 0;
    state.textContent = summary(cell, result);
    state.classList.add(result.passed ? 'good' : 'bad');
    if (cell.kind === 'audio') screens.replaceChildren(sound(result));
    if (cell.wants?.refusal || cell.wants?.nothing) screens.append(reason(cell, result));
    console.log(`${cell.name}: ${result.passed ? 'passed' : 'FAILED'}: ${state.textContent}`);
    return result;
}

const NOTHING = { sealed: 0, opened: 0, exact: 0, probes: 0, streams: 0, levels: [], decoded: [], keyFrames: [], layers: {}, wrong: {}, refused: {}, refusedBySender: {}, messages: {} };

function summary(cell, result) {
    if (!result.passed) return result.missing.join('; ');
    if (cell.wants?.refusal) return 'nothing opens, nothing plays, and the page can say why';
    if (cell.wants?.nothing) return `${result.sealed} frames sealed, none arrives: packetizers look into H.264`;
    const size = cell.simulcast ? `${cell.simulcast.length} layers, ` : '';
    return `${size}${result.exact} frames bit-exact, ${result.decoded.reduce((a, b) => a + b, 0)} decoded`;
}

/** Says in the place of the picture why there is none. */
function reason(cell, { refused, messages }) {
    const box = document.createElement('div');
    box.className = 'reason';
    const [headline, ...lines] = cell.wants.nothing
        ? ['No picture', 'The packetizer finds no NAL unit in an opaque frame and sends nothing.', 'setCodec(stream, "H264") is for this.']
        : ['No picture', ...Object.keys(refused), ...Object.values(messages)];
    box.append(Object.assign(document.createElement('strong'), { textContent: headline }));
    for (const line of lines) box.append(Object.assign(document.createElement('code'), { textContent: line }));
    return box;
}

/** Says in the place of a picture what was heard. */
function sound({ levels }) {
    const picture = document.createElement('div');
    picture.className = 'sound';
    for (const level of levels) {
        const bar = document.createElement('i');
        bar.style.height = `${4 + 120 * level}px`;
        picture.append(bar);
    }
    return picture;
}

function row(result) {
    const cells = [
        result.name,
        result.sealed,
        result.opened,
        result.exact,
        sum(result.wrong),
        result.decoded.join(' + ') || '–',
        result.keyFrames.join(' + ') || '–',
        Object.keys(result.layers).sort().join(' ') || '–',
        [...Object.entries(result.refused), ...Object.entries(result.refusedBySender)].map(([code, count]) => `${count} × ${code}`).join(', ') || '–',
        result.passed ? 'as it should' : [...result.missing, ...Object.keys(result.wrong)].join('; '),
    ];
    const tr = document.createElement('tr');
    for (const [place, text] of cells.entries()) {
        const td = document.createElement('td');
        td.textContent = text;
        if (place === cells.length - 1) td.className = result.passed ? 'good' : 'bad';
        tr.append(td);
    }
    return tr;
}

function notes(results) {
    const browser = navigator.userAgent.match(/Chrom\w*\/\d+/)?.[0].replace('/', ' ') ?? navigator.userAgent;
    const hasH265 = RTCRtpSender.getCapabilities('video').codecs.some(({ mimeType }) => mimeType === 'video/H265');
    const probes = results.reduce((total, { probes }) => total + probes, 0);
    const duplicates = results.reduce((total, { refused }) => total + (refused.MEDIASEAL_ERR_DUPLICATE ?? 0), 0);
    return [
        `${browser}, fake devices. Opus is counted in frames of 20 ms that were really decoded.`,
        hasH265 ? 'H.265 is offered here and not tried.' : 'H.265 is not offered by this browser, so there is no call with it.',
        `${probes} packets were probes of the network without payload; ${duplicates} frames came again, which is how libwebrtc pads, and were dropped as duplicates.`,
    ];
}

async function everything() {
    const results = await makeCalls();
    element('rows').append(...results.map(row));
    const exact = results.reduce((total, result) => total + result.exact, 0);
    const wrong = results.reduce((total, result) => total + sum(result.wrong), 0);
    const failed = results.filter(({ passed }) => !passed).map(({ name, missing, wrong }) => `${name}: ${[...missing, ...Object.keys(wrong)].join('; ')}`);
    const total = element('total');
    total.textContent = `${exact} frames bit-exact, ${wrong} wrong, in ${results.length} calls${failed.length ? `, of which ${failed.length} failed` : ''}`;
    total.classList.add(failed.length || wrong ? 'bad' : 'good');
    element('notes').append(...notes(results).map((text) => Object.assign(document.createElement('p'), { textContent: text })));
    return { exact, wrong, failed };
}

if (location.hash !== '#measure') window.results = everything();

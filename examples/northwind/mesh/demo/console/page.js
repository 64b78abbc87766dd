"use strict";

// Which parts of the mesh belong together: what a node reads, and what reads it, near and far.
const selected = document.getElementById("selected");
const flow = document.getElementById("flow");
const edges = [...document.querySelector("svg.mesh").querySelectorAll(".edge")].map((edge) => [
  edge.dataset.from,
  edge.dataset.to,
]);
const names = new Map([...selected.options].map((option) => [option.value, option.text]));

function reached(start, from, to) {
  const found = new Set();
  const open = [start];
  while (open.length) {
    const node = open.pop();
    for (const edge of edges) {
      if (edge[from] === node && !found.has(edge[to])) {
        found.add(edge[to]);
        open.push(edge[to]);
      }
    }
  }
  return found;
}

function listed(label, nodes) {
  const known = [...nodes].filter((node) => names.has(node)).map((node) => names.get(node));
  return known.length ? ` ${label} ${known.sort().join(", ")}.` : "";
}

function show(node) {
  const upstream = reached(node, 1, 0);
  const downstream = reached(node, 0, 1);
  const kept = new Set([node, ...upstream, ...downstream]);
  for (const svg of document.querySelectorAll("svg.mesh")) {
    svg.classList.toggle("selecting", node !== "");
    for (const part of svg.querySelectorAll(".node")) {
      part.classList.toggle("kept", kept.has(part.dataset.node));
      part.classList.toggle("chosen", part.dataset.node === node);
    }
    for (const edge of svg.querySelectorAll(".edge")) {
      edge.classList.toggle("kept", kept.has(edge.dataset.from) && kept.has(edge.dataset.to));
    }
    const chosen = node && svg.querySelector(`[data-node="${CSS.escape(node)}"]`);
    const region = svg.closest(".picture");
    if (chosen && region.scrollHeight > region.clientHeight) {
      chosen.scrollIntoView({ block: "nearest" });
    }
  }
  flow.textContent = node
    ? listed("Reads", upstream) + listed("Is read by", downstream) || "Nothing reads it."
    : "";
}

selected.addEventListener("change", () => show(selected.value));
for (const part of document.querySelectorAll("svg.mesh .node")) {
  // An entity belongs to its domain: what lands there.
  const source = edges.find((edge) => edge[1] === part.dataset.node && edge[0].startsWith("landing."));
  const choice = names.has(part.dataset.node) ? part.dataset.node : source && source[0];
  if (choice && names.has(choice)) {
    part.classList.add("selectable");
    part.addEventListener("click", () => {
      selected.value = selected.value === choice ? "" : choice;
      show(selected.value);
    });
  }
}
document.getElementById("selection").hidden = false;

// Domains by a word.
const search = document.getElementById("search");
if (search) {
  const wanted = document.getElementById("wanted");
  const found = document.getElementById("found");
  const domains = [...document.querySelectorAll("details.domain")];
  wanted.addEventListener("input", () => {
    const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const domain of domains) {
      domain.hidden = !words.every((word) => domain.dataset.words.includes(word));
    }
    const count = domains.filter((domain) => !domain.hidden).length;
    found.textContent = words.length ? `${count} of ${domains.length} domains` : "";
  });
  search.hidden = false;
}

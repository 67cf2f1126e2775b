-- Stands in for Quarto between its reader and the writer of pages: the extension's filters in their order, each file in
-- an environment of its own, then what Quarto 1.10 makes of a draft, of content for one format, and of figures, tables
-- and references to them. For tests where there is no Quarto.

local EXTENSION = os.getenv("AS_QUARTO_EXTENSION")
local FILTERS = os.getenv("AS_QUARTO_FILTERS")
local KEPT = os.getenv("AS_QUARTO_COLWIDTHS") == "True"
local NBSP = "\u{a0}"

quarto = {
  doc = { input_file = os.getenv("AS_QUARTO_DOCUMENT") },
  utils = { resolve_path = function(name) return EXTENSION .. "/" .. name end },
}

local function load_filters(name)
  local env = setmetatable({}, { __index = _G })
  local result = assert(loadfile(EXTENSION .. "/" .. name, "bt", env))()
  local found = pandoc.List {}
  for _, filter in ipairs(result and result[1] and result or { result or env }) do
    local plain = {}
    for key, value in pairs(filter) do plain[key] = value end
    found:insert(plain)
  end
  return found
end

-- What Quarto does after them.

local NAMES = { fig = "Figure", tbl = "Table" }
local counts, entries = { fig = 0, tbl = 0 }, {}

local hidden = {
  Div = function(div)
    local when, unless = div.attributes["when-format"], div.attributes["unless-format"]
    if not (when or unless) then return nil end
    local here = when == "html" or (unless ~= nil and unless ~= "html")
    if div.classes:includes("content-visible") == here then return div.content end
    return {}
  end,
}

-- Widths of columns are left out of a table with links, but where the format says that they stay.
local widths = {
  Table = function(tbl)
    local linked = false
    tbl:walk { Link = function() linked = true end }
    if KEPT or not linked then return nil end
    return pandoc.utils.from_simple_table(pandoc.utils.to_simple_table(tbl))
  end,
}

local function float(id, content, caption, attributes)
  local kind = id:match("^%a+")
  counts[kind] = counts[kind] + 1
  entries[id] = NAMES[kind] .. NBSP .. counts[kind]
  local described = id .. "-caption-0ceaefa1-69ba-4598-a22c-09a6ac19f8ca"
  local location = attributes["fig-cap-location"] or (kind == "tbl" and "top" or "bottom")
  local title = pandoc.Inlines { pandoc.RawInline("html", '<figcaption id="' .. described
    .. '" class="quarto-float-caption-' .. location .. ' quarto-float-caption quarto-float-' .. kind .. '">\n') }
  title:extend { pandoc.Str(entries[id]), pandoc.Str(":"), pandoc.Space() }
  title:extend(caption)
  title:insert(pandoc.RawInline("html", "\n</figcaption>"))
  local body = pandoc.Div(content, pandoc.Attr("", {}, { { "aria-describedby", described } }))
  local parts = location == "top" and { pandoc.Plain(title), body } or { body, pandoc.Plain(title) }
  table.insert(parts, 1, pandoc.RawBlock("html", '<figure class="quarto-float quarto-float-' .. kind .. '">'))
  table.insert(parts, pandoc.RawBlock("html", "</figure>"))
  local attr = pandoc.Attr(id, { "quarto-float", "quarto-figure", "quarto-figure-center" }, attributes)
  return pandoc.Div(parts, attr), false
end

local floats = {
  traverse = "topdown",
  Figure = function(fig)
    local image = fig.content[1].content[1]
    for key, value in pairs(image.attributes) do fig.attributes[key] = value end
    local made = pandoc.Image({}, image.src, "", pandoc.Attr("", {}, { { "alt", image.attributes["fig-alt"] } }))
    return float(fig.identifier, { pandoc.Plain { made } }, pandoc.utils.blocks_to_inlines(fig.caption.long), fig.attributes)
  end,
  Table = function(tbl)
    local caption = pandoc.utils.blocks_to_inlines(tbl.caption.long)
    local id = caption[#caption].text:match("^{#(tbl%-[^}]+)}$")
    caption:remove()
    if caption[#caption].t == "Space" then caption:remove() end
    tbl.caption = { long = {} }
    tbl.classes:insert("caption-top")
    return float(id, { tbl }, caption, {})
  end,
}

local references = {
  Cite = function(cite)
    local id = cite.citations[1].id
    return pandoc.Link(entries[id], "#" .. id, "", pandoc.Attr("", { "quarto-xref" }))
  end,
}

function Pandoc(doc)
  for name in FILTERS:gmatch("%S+") do
    for _, filter in ipairs(load_filters(name)) do doc = doc:walk(filter) end
  end
  if doc.meta.draft == true then
    doc.blocks:insert(1, pandoc.Div({ pandoc.Plain { "Draft" } }, pandoc.Attr("quarto-draft-alert", { "alert" })))
  end
  return doc:walk(hidden):walk(widths):walk(floats):walk(references)
end

-- Callouts and the answer box, in HTML and Typst. Both renderers run this file first,
-- before Quarto makes its own callouts, so that both give the same words and tags.

local WORDS = {
  note = "Note", tip = "Tip", important = "Important", warning = "Warning", caution = "Caution",
}
local html = FORMAT:match("html") ~= nil
local typst = FORMAT:match("typst") ~= nil

local function kind_of(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match("^callout%-(%a+)$")
    if kind and WORDS[kind] then return kind end
  end
end

-- The title: the attribute, else a heading in the first line, else none.
local function take_title(div)
  local given = div.attributes["title"]
  if given then
    return pandoc.utils.blocks_to_inlines(pandoc.read(given, "markdown").blocks)
  end
  local first = div.content[1]
  if first and first.t == "Header" then
    div.content:remove(1)
    return first.content
  end
end

local function notice(div, kind)
  local title = take_title(div)
  local words = pandoc.Inlines { pandoc.Str(WORDS[kind]) }
  if title then
    words:extend { pandoc.Str(":"), pandoc.Space() }
    words:extend(title)
  end
  local blocks = pandoc.Blocks {}
  if html then
    local head = pandoc.Div({ pandoc.Para(words) }, pandoc.Attr("", { "notice-title" }))
    blocks:insert(head)
    blocks:extend(div.content)
    local attr = pandoc.Attr(div.identifier, { "notice", "notice-" .. kind }, { { "role", "note" } })
    return pandoc.Div(blocks, attr)
  end
  local head = pandoc.Inlines { pandoc.RawInline("typst", '#notice("' .. kind .. '", [') }
  head:extend(words)
  head:insert(pandoc.RawInline("typst", "])["))
  blocks:insert(pandoc.Plain(head))
  blocks:extend(div.content)
  blocks:insert(pandoc.RawBlock("typst", "]"))
  return blocks
end

local function boxed(div, name)
  local blocks = pandoc.Blocks { pandoc.RawBlock("typst", "#" .. name .. "[") }
  blocks:extend(div.content)
  blocks:insert(pandoc.RawBlock("typst", "]"))
  return blocks
end

-- A sign beside its words is not read aloud: the words say the same.
function Span(span)
  if typst and span.classes:includes("source") then
    span.content:insert(1, pandoc.RawInline("typst", "#source["))
    span.content:insert(pandoc.RawInline("typst", "]"))
    return span
  end
  if not span.classes:includes("symbol") then return nil end
  if html then
    span.attributes["aria-hidden"] = "true"
    return span
  end
  if typst then
    local inlines = pandoc.Inlines { pandoc.RawInline("typst", "#symbol-of[") }
    inlines:extend(span.content)
    inlines:insert(pandoc.RawInline("typst", "]"))
    return inlines
  end
end

function Div(div)
  local kind = kind_of(div)
  if kind and (html or typst) then return notice(div, kind) end
  if typst and div.classes:includes("answer") then return boxed(div, "answer") end
  if typst and div.classes:includes("provenance") then return boxed(div, "provenance") end
end

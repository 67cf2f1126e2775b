-- Built-in renderer only (Quarto has its own): numbers of figures and tables, and links to them.
-- The words are Quarto's defaults: "Figure 1: Caption", with a no-break space before the number.

local html = FORMAT:match("html") ~= nil
local NBSP = "\u{a0}"
local NAMES = { fig = "Figure", tbl = "Table" }
local numbers = {}
local counts = { fig = 0, tbl = 0 }

local function count(element)
  local kind = element.identifier:match("^(%a+)%-")
  if not NAMES[kind] then return end
  counts[kind] = counts[kind] + 1
  numbers[element.identifier] = NAMES[kind] .. NBSP .. counts[kind]
end

local function numbered(id, blocks)
  local inlines = pandoc.Inlines { pandoc.Str(numbers[id] .. ":"), pandoc.Space() }
  inlines:extend(pandoc.utils.blocks_to_inlines(blocks))
  return inlines
end

local function quoted(text)
  return '"' .. text:gsub("[\\\"]", "\\%0") .. '"'
end

local function typst_figure(id, image, caption)
  local open = "#figure(image(" .. quoted(image.src) .. ", alt: " .. quoted(image.attributes["fig-alt"])
    .. '), kind: "quarto-float-fig", supplement: "Figure", caption: figure.caption(position: top, ['
  local inlines = pandoc.Inlines { pandoc.RawInline("typst", open) }
  inlines:extend(caption)
  inlines:insert(pandoc.RawInline("typst", "])) <" .. id .. ">"))
  return pandoc.Para(inlines)
end

local function figure(fig)
  local image = fig.content[1].content[1]
  local caption = pandoc.utils.blocks_to_inlines(fig.caption.long)
  if not html then return typst_figure(fig.identifier, image, caption) end
  image.attr = pandoc.Attr("", image.classes:includes("photo") and { "photo" } or {}, { { "alt", image.attributes["fig-alt"] } })
  image.caption = {}
  local title = pandoc.Inlines { pandoc.RawInline("html", "<figcaption>") }
  title:extend(numbered(fig.identifier, fig.caption.long))
  title:extend { pandoc.RawInline("html", "</figcaption>\n"), image }
  return {
    pandoc.RawBlock("html", '<figure id="' .. fig.identifier .. '">'),
    pandoc.Plain(title),
    pandoc.RawBlock("html", "</figure>"),
  }
end

local function table_caption(tbl)
  if not html then return nil end
  tbl.caption = { long = { pandoc.Plain(numbered(tbl.identifier, tbl.caption.long)) } }
  return tbl
end

-- A table in parts, as tables.lua made it for the PDF: its parts, then its caption.
local function parts(div)
  if html or not numbers[div.identifier] then return nil end
  local caption = pandoc.Inlines { pandoc.RawInline("typst", "], kind: table, caption: [") }
  caption:extend(div.content:remove().content)
  caption:insert(pandoc.RawInline("typst", "]) <" .. div.identifier .. ">"))
  local blocks = pandoc.Blocks { pandoc.RawBlock("typst", "#figure([") }
  blocks:extend(div.content)
  blocks:insert(pandoc.Plain(caption))
  return blocks
end

local function reference(cite)
  local id = cite.citations[1].id
  if not numbers[id] then error("@" .. id .. " refers to something that this format does not show") end
  if html then return pandoc.Link(numbers[id], "#" .. id, "", pandoc.Attr("", { "cross-reference" })) end
  return pandoc.RawInline("typst", "#ref(<" .. id .. ">)")
end

return {
  { traverse = "topdown", Figure = count, Table = count, Div = count },
  { Figure = figure, Table = table_caption, Div = parts, Cite = reference },
}

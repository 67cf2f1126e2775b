-- Quarto only, for documents rendered by hand: puts in what `{{< oda ... >}}` stands for before anything else looks at
-- the document, so that it is then the document that `oda report` stages. Quarto's reader has made spans of shortcodes.

local MONTHS = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December" }
-- As Quarto's reader does it: the id of a table stays in its caption, else the page has it twice.
local MARKDOWN = "markdown-table_attributes"
local IN_PLACE = "b58fc729-690b-4000-b19f-365a4093b2ff" -- what it reads instead of a shortcode, before the span
local lookup = dofile(quarto.utils.resolve_path("lookup.lua"))

-- The words of a span that stands for `{{< oda words >}}`; nil of any other.
local function words_of(element)
  if element.t ~= "Span" or not element.classes:includes("quarto-shortcode__") then return nil end
  local params = element.content:filter(function(inner) return inner.t == "Span" end)
  local words = params:map(function(param) return param.attributes["data-raw"] or param.attributes["data-value"] or "" end)
  if words:remove(1) ~= "oda" then return nil end
  return table.concat(words, " ")
end

local function put_in(blocks, district)
  local function expanded(words)
    return lookup.show(pandoc.read(lookup.say(words, district), MARKDOWN, PANDOC_READER_OPTIONS).blocks)
  end
  return blocks:walk {
    traverse = "topdown",
    Para = function(para)
      local words = #para.content == 1 and words_of(para.content[1])
      if words then return expanded(words), false end
    end,
    Inlines = function(inlines)
      local found, dropped = pandoc.Inlines {}, false
      for _, inline in ipairs(inlines) do
        local words = words_of(inline)
        if words then
          local said = lookup.inlines(expanded(words), words)
          dropped = #said == 0 and (#found == 0 or found[#found].t == "SoftBreak")
          found:extend(said)
        elseif not (dropped and inline.t == "SoftBreak") then  -- a line that stands for nothing is none
          found:insert(inline)
          dropped = false
        end
      end
      return found
    end,
  }
end

-- A heading has its id from its words, as in the report, and not from what was read in place of them.
local function named(blocks)
  return blocks:walk {
    Header = function(header)
      if not header.identifier:find(IN_PLACE, 1, true) then return nil end
      local words = pandoc.write(pandoc.Pandoc { pandoc.Header(2, header.content) }, "markdown")
      header.identifier = pandoc.read(words, "markdown").blocks[1].identifier
      return header
    end,
  }
end

-- Tell whether a value of the front matter holds a shortcode, as a span or still as it was written.
local function asks(value)
  local found = false
  if pandoc.utils.type(value) == "Inlines" then
    value:walk { Span = function(span) found = found or words_of(span) ~= nil end }
  end
  return found or pandoc.utils.stringify(value):match("{{<%s*oda%s") ~= nil
end

-- The day of the report in words, and its parts for the PDF, which would have the clock's day otherwise.
local function dated(meta, date)
  local year, month, day = pandoc.utils.stringify(date):match("^(%d+)-(%d+)-(%d+)$")
  if not year then return date end
  meta["oda-day"] = { year = year, month = tostring(tonumber(month)), day = tostring(tonumber(day)) }
  return meta["oda-day"].day .. " " .. MONTHS[tonumber(month)] .. " " .. year
end

-- The front matter that the report has: what the document leaves out, and what it asks for.
local function complete(meta, front)
  local given = pandoc.read("---\n" .. front .. "---\n", "markdown").meta
  local brand = given["oda-brand"]
  if brand and brand.logo then brand.logo = lookup.beside(pandoc.utils.stringify(brand.logo)) end
  if given.date then given.date = dated(meta, given.date) end
  for key, value in pairs(given) do
    if meta[key] == nil or asks(meta[key]) then
      meta[key] = value
      if key == "title" then meta.pagetitle = pandoc.utils.stringify(value) end
    end
  end
  return meta
end

-- An analyst's own picture with the link to its data.
local function beside(blocks, data)
  return blocks:walk {
    Figure = function(figure)
      local image = #figure.content == 1 and #figure.content[1].content == 1 and figure.content[1].content[1]
      local line = image and image.t == "Image" and data[image.src]
      if not line then return nil end
      local exhibit = pandoc.Blocks { figure }
      exhibit:extend(pandoc.read(line, MARKDOWN, PANDOC_READER_OPTIONS).blocks)
      return pandoc.Div(exhibit, pandoc.Attr("", { "exhibit" }))
    end,
  }
end

-- What every report says, and the document does not.
local function around(blocks, words)
  local before, after = table.unpack(words:map(function(one)
    return lookup.show(pandoc.read(one, MARKDOWN, PANDOC_READER_OPTIONS).blocks)
  end))
  before:extend(blocks)
  before:extend(after)
  return before
end

function Pandoc(doc)
  local district = doc.meta.district and pandoc.utils.stringify(doc.meta.district)
  local page = lookup.page(district)
  doc.blocks = named(put_in(doc.blocks, district))
  if page then
    doc.meta = complete(doc.meta, page.front)
    doc.blocks = around(beside(doc.blocks, page.data), page.around)
  end
  return doc
end

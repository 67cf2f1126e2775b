-- Tables, and what stands with a table or a figure. Header cells with a scope, numbers to the right, in HTML
-- a box that scrolls by keyboard, in the PDF a turned page or several parts for what is too wide. Data beside
-- each: a link that holds them in HTML, an attached file in the PDF. Both renderers use this file, the built-in
-- one before it numbers anything.

local html = FORMAT:match("html") ~= nil
local NAMES = { fig = "figure", tbl = "table" }
local PORTRAIT, LANDSCAPE, BOXED = 470, 717, 420 -- points of a line: A4 less its margins, and inside a box
local SMALL = 7 -- points of type in a table that is too wide as it is
local numbers = {}
local counts = { fig = 0, tbl = 0 }

-- Numbers, as both renderers will give them.

local function table_id(tbl)
  if tbl.identifier ~= "" then return tbl.identifier end
  return pandoc.utils.stringify(tbl.caption.long):match("{#(tbl%-[^%s}]+)") or ""
end

local function title_of(tbl)
  return (pandoc.utils.stringify(tbl.caption.long):gsub("%s*{#tbl%-.*}$", ""))
end

local function number(id)
  local kind = id:match("^(%a+)%-")
  if not NAMES[kind] then return end
  counts[kind] = counts[kind] + 1
  numbers[id] = NAMES[kind] .. " " .. counts[kind]
end

-- Content for another format is still there when Quarto runs this.
local function elsewhere(div)
  local named = div.attributes["when-format"] or div.attributes["unless-format"]
  if not named then return false end
  local here = FORMAT:match(named) ~= nil
  if div.attributes["unless-format"] then here = not here end
  return (div.classes:includes("content-visible") and not here) or (div.classes:includes("content-hidden") and here)
end

local count = {
  traverse = "topdown",
  Div = function(div) if elsewhere(div) then return div, false end end,
  Figure = function(fig) number(fig.identifier) end,
  Table = function(tbl) number(table_id(tbl)) end,
}

-- The data of a table or figure: a link in HTML, a file in the PDF.

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function decoded(text)
  local bytes, bits, held = {}, 0, 0
  for digit in text:gmatch("[%w+/]") do
    bits, held = bits * 64 + DIGITS:find(digit, 1, true) - 1, held + 6
    if held >= 8 then
      held = held - 8
      bytes[#bytes + 1] = string.char(bits >> held)
      bits = bits & ((1 << held) - 1)
    end
  end
  return table.concat(bytes)
end

local function quoted(text)
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("\r", "\\r"):gsub("\n", "\\n") .. '"'
end

local files = {}

-- What a table and a figure share is attached once.
local function attached(file, content, name)
  local about = "The data for " .. name
  local call = "#pdf.attach(%s, bytes(%s), relationship: \"data\", mime-type: \"text/csv\", description: %s)"
  local words = pandoc.Inlines(about .. " are attached to this file: ")
  if files[file] ~= content then
    words:insert(1, pandoc.RawInline("typst", call:format(quoted(file), quoted(content), quoted(about))))
    files[file] = content
  end
  words:extend { pandoc.Str(file .. ".") }
  return words
end

local function data_link(link, name)
  local content = link.target:match("^data:text/csv[^,]*;base64,(.*)$")
  if not content or not link.attributes.download then return nil end
  if not html then return attached(link.attributes.download, decoded(content), name) end
  local words = pandoc.utils.stringify(link.content):gsub("this %a+", name, 1)
  link.content = pandoc.Inlines(words)
  return link
end

local function named_within(div)
  local name
  local function take(id) name = name or numbers[id] end
  div:walk { Figure = function(fig) take(fig.identifier) end, Table = function(tbl) take(table_id(tbl)) end }
  return name
end

-- In the PDF a message stays with its figure, whose title then is in lighter type; both are read before the chart.
local function lead_with(div)
  local first = div.content[1]
  if html or first.t ~= "Para" or #first.content ~= 1 or first.content[1].t ~= "Strong" then return end
  first.content:insert(1, pandoc.RawInline("typst", "#block(sticky: true, above: 18pt, below: 7pt)[#text(size: 1.1em)["))
  first.content:insert(pandoc.RawInline("typst", "]]"))
  div.content[1] = first
  div.content:insert(1, pandoc.RawBlock("typst", '#[\n#show figure.caption: set text(weight: "regular")'))
  div.content:insert(pandoc.RawBlock("typst", "]"))
end

local function exhibit(div)
  if not div.classes:includes("exhibit") then return nil end
  local name = named_within(div)
  if not name then return nil end
  lead_with(div)
  return div:walk { Link = function(link) return data_link(link, name) end }
end

-- Quarto's own places for the titles of figures; the built-in renderer has the same in crossref.lua.
local function figure(fig)
  if not quarto then return nil end
  fig.attributes["fig-cap-location"] = "top"
  return fig
end

-- Cells.

-- True for "1,234", "-0.5", "£3.2", "12%", "0.49 to 6.18", "[c]" and an empty cell.
local function numeric(text)
  local bare = text:gsub("\u{2212}", "-"):gsub("\u{2013}", "-"):gsub("\u{a0}", " ")
  bare = bare:gsub("[£€%%%s,%.%+%-%(%)<>~]", ""):gsub("to", "")
  return text == "" or bare == "" or bare:match("^%d+$") ~= nil or text:match("^%[%a+%]$") ~= nil
end

local function rows_of(tbl)
  local rows = pandoc.List {}
  for _, body in ipairs(tbl.bodies) do rows:extend(body.body) end
  return rows
end

local function words_of(cell)
  return cell and pandoc.utils.stringify(cell.contents) or ""
end

local function align_numbers(tbl)
  for column, spec in ipairs(tbl.colspecs) do
    local digits, all = false, true
    for _, row in ipairs(rows_of(tbl)) do
      local text = words_of(row.cells[column])
      digits = digits or text:match("%d") ~= nil
      all = all and numeric(text)
    end
    local align = spec[1]
    if align == "AlignDefault" then
      align = column > 1 and digits and all and "AlignRight" or "AlignLeft"
    end
    tbl.colspecs[column] = { align, nil }
  end
end

local function scoped(cell, scope)
  cell.attr = pandoc.Attr(cell.identifier, cell.classes, { { "scope", scope } })
end

local function add_scopes(tbl)
  for _, row in ipairs(tbl.head.rows) do
    for _, cell in ipairs(row.cells) do scoped(cell, "col") end
  end
  for _, body in ipairs(tbl.bodies) do
    body.row_head_columns = 1
    for _, row in ipairs(body.body) do scoped(row.cells[1], "row") end
  end
end

local function in_html(tbl)
  align_numbers(tbl)
  add_scopes(tbl)
  local name = numbers[table_id(tbl)]
  local label = (name and name:gsub("^table ", "Table\u{a0}") .. ": " or "") .. title_of(tbl)
  local attr = pandoc.Attr("", { "table-box" },
    { { "role", "region" }, { "tabindex", "0" }, { "aria-label", label } })
  return pandoc.Div({ tbl }, attr)
end

-- Widths in the PDF, in ems of DejaVu Sans, a little generous: a number or a word is never broken or run over.

local function ems(text, bold)
  local sum = 0
  for _, code in utf8.codes(text) do
    local letter = code < 128 and string.char(code) or "n"
    if letter:match("[%s%.,:;'|iljI!]") then sum = sum + 0.36
    elseif letter:match("[mwMW@%%]") then sum = sum + 0.98
    elseif letter:match("%u") then sum = sum + 0.72
    else sum = sum + 0.64 end
  end
  return bold and sum * 1.12 or sum
end

-- The least that a column can have, and what it would like.
local function needs(tbl, column)
  local least, most = 0, 0
  local function take(text, bold)
    for word in text:gmatch("%S+") do least = math.max(least, ems(word:sub(1, 30), bold)) end
    if not bold and numeric(text) then least = math.max(least, ems(text)) end
    most = math.max(most, math.min(ems(text, bold), bold and 12 or 30))
  end
  for _, row in ipairs(tbl.head.rows) do take(words_of(row.cells[column]), true) end
  for _, row in ipairs(rows_of(tbl)) do take(words_of(row.cells[column]), false) end
  return { least = least, most = math.max(least, most) }
end

local function padding(columns)
  return columns > 9 and 6 or 10
end

local function total(wanted, columns, size, which)
  local sum = 0
  for _, column in ipairs(columns) do sum = sum + wanted[column][which] * size end
  return sum + padding(#columns) * #columns
end

-- The part of a table that has some of its columns, each as wide as there is room.
local function part_of(tbl, wanted, columns, room)
  local part = tbl:clone()
  local least, most = total(wanted, columns, SMALL, "least"), total(wanted, columns, SMALL, "most")
  local share = most > least and math.max(0, math.min(1, (room - least) / (most - least))) or 0
  local function pick(rows)
    return rows:map(function(row)
      return pandoc.Row(columns:map(function(column) return row.cells[column] end), row.attr)
    end)
  end
  part.colspecs = columns:map(function(column)
    local one = wanted[column]
    local width = (one.least + share * (one.most - one.least)) * SMALL + padding(#columns)
    return { tbl.colspecs[column][1], width / room }
  end)
  part.head.rows = pick(tbl.head.rows)
  for place, body in ipairs(part.bodies) do body.body = pick(tbl.bodies[place].body) end
  return part
end

-- The columns of each part: as few parts as hold them all, of about the same number of columns.
local function shared_out(wanted, room)
  for parts = 1, #wanted do
    local found, each = pandoc.List {}, math.ceil((#wanted - 1) / parts)
    local fits = true
    for first = 2, #wanted, each do
      local columns = pandoc.List { 1 }
      for column = first, math.min(first + each - 1, #wanted) do columns:insert(column) end
      fits = fits and (each == 1 or total(wanted, columns, SMALL, "least") <= room)
      found:insert(columns)
    end
    if fits then return found end
  end
  return pandoc.List { pandoc.List { 1 } }
end

local function in_parts(tbl, wanted, room)
  local shared = shared_out(wanted, room)
  if #shared == 1 then return pandoc.Blocks { part_of(tbl, wanted, shared[1], room) } end
  local caption, id = pandoc.utils.blocks_to_inlines(tbl.caption.long), table_id(tbl)
  local blocks = pandoc.Blocks {}
  for place, columns in ipairs(shared) do
    local part = part_of(tbl, wanted, columns, room)
    part.caption, part.attr = { long = {} }, pandoc.Attr("", { "typst:no-figure" })
    local words = "#block(sticky: true)[_Part " .. place .. " of " .. #shared .. "_]"
    blocks:insert(pandoc.RawBlock("typst", words))
    blocks:insert(part)
  end
  local last = caption[#caption]
  if tbl.identifier == "" and last.t == "Str" then caption:remove() end -- the id, which the div has
  blocks:insert(pandoc.Para(caption))
  return pandoc.Blocks { pandoc.Div(blocks, pandoc.Attr(id)) }
end

-- A row stays on one page, but for one so long that it might fit on none.
local function keep_rows_whole(tbl)
  for _, row in ipairs(rows_of(tbl)) do
    local longest = 0
    for _, cell in ipairs(row.cells) do longest = math.max(longest, #words_of(cell)) end
    for _, cell in ipairs(row.cells) do
      if longest * #row.cells <= 4200 then cell.attributes["typst:breakable"] = "false" end
    end
  end
end

-- A table as the PDF holds it, and whether it needs a turned page.
local function in_pdf(tbl, box)
  align_numbers(tbl)
  keep_rows_whole(tbl)
  local wanted, columns = pandoc.List {}, pandoc.List {}
  for column in ipairs(tbl.colspecs) do
    wanted:insert(needs(tbl, column))
    columns:insert(column)
  end
  local size = #columns <= 5 and 8.5 or #columns <= 7 and 7.8 or SMALL
  local room = box and BOXED or PORTRAIT
  if #columns <= 9 and total(wanted, columns, size, "least") <= room then return pandoc.Blocks { tbl }, false end
  local set = pandoc.RawBlock("typst", "#[\n#show table.cell: set text(size: " .. SMALL .. "pt)")
  local turned = not box and total(wanted, columns, SMALL, "most") > PORTRAIT
  local blocks = in_parts(tbl, wanted, turned and LANDSCAPE or room)
  blocks:insert(1, set)
  blocks:insert(pandoc.RawBlock("typst", "]"))
  return blocks, turned
end

local function turn(blocks)
  local page = pandoc.Blocks { pandoc.RawBlock("typst", "#page(flipped: true)[") }
  page:extend(blocks)
  page:insert(pandoc.RawBlock("typst", "]"))
  return page
end

-- Only what stands in no box can turn the page.
local OPEN = { "exhibit", "provenance" }

local function open(div)
  for _, class in ipairs(OPEN) do
    if div.classes:includes(class) then return true end
  end
  return false
end

local function boxed(tbl)
  return (in_pdf(tbl, true)), false
end

local function lay_out(blocks)
  local out, turned = pandoc.Blocks {}, false
  for _, block in ipairs(blocks) do
    if block.t == "Table" then
      local made, wide = in_pdf(block, false)
      out:extend(made)
      turned = turned or wide
    elseif block.t == "Div" and open(block) then
      local made, wide = lay_out(block.content)
      block.content = made
      local alone = block.classes:includes("exhibit")
      if wide and alone then
        local headed = #out > 0 and out[#out].t == "Header" and pandoc.Blocks { out:remove(), block }
        out:extend(turn(headed or pandoc.Blocks { block }))
      else
        out:insert(block)
      end
      turned = turned or (wide and not alone)
    else
      out:insert(block:walk { traverse = "topdown", Table = boxed })
    end
  end
  return out, turned
end

-- The one paragraph between a heading and a figure or table stays with both.
local function keep_openings(blocks)
  local out = pandoc.Blocks {}
  for place, block in ipairs(blocks) do
    local before, after = blocks[place - 1], blocks[place + 1]
    local between = before and before.t == "Header" and after and after.t == "Div" and open(after)
    if block.t == "Para" and between then
      out:insert(pandoc.RawBlock("typst", "#block(sticky: true, above: 1.15em, below: 1.15em)["))
      out:insert(block)
      out:insert(pandoc.RawBlock("typst", "]"))
    else
      out:insert(block)
    end
  end
  return out
end

-- A table of an analyst's own, in no exhibit, has a turned page to itself.
local function pages(doc)
  if html then return nil end
  local wrapped = doc.blocks:map(function(block)
    return block.t == "Table" and pandoc.Div({ block }, pandoc.Attr("", { "exhibit" })) or block
  end)
  doc.blocks = keep_openings(lay_out(wrapped))
  return doc
end

return {
  count,
  { Div = exhibit, Figure = figure },
  html and { Table = in_html } or {},
  { Pandoc = pages },
}

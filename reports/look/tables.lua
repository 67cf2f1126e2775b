-- Tables: header cells with a scope, numbers to the right, natural widths, and in HTML a box
-- that scrolls by keyboard. Both renderers use this file.

local html = FORMAT:match("html") ~= nil

-- True for "1,234", "-0.5", "£3.2", "12%", "0.49 to 6.18", "[c]" and an empty cell.
local function numeric(text)
  local bare = text:gsub("\u{2212}", "-"):gsub("\u{2013}", "-"):gsub("\u{a0}", " ")
  bare = bare:gsub("[£€%%%s,%.%+%-%(%)<>~]", ""):gsub("to", "")
  return text == "" or bare == "" or bare:match("^%d+$") ~= nil or text:match("^%[%a+%]$") ~= nil
end

local function align_numbers(tbl)
  for column, spec in ipairs(tbl.colspecs) do
    local digits, all = false, true
    for _, body in ipairs(tbl.bodies) do
      for _, row in ipairs(body.body) do
        local cell = row.cells[column]
        local text = cell and pandoc.utils.stringify(cell.contents) or ""
        digits = digits or text:match("%d") ~= nil
        all = all and numeric(text)
      end
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

-- In the PDF a row stays on one page, but for one so long that it might fit on none.
local function keep_rows_whole(tbl)
  for _, body in ipairs(tbl.bodies) do
    for _, row in ipairs(body.body) do
      local longest = 0
      for _, cell in ipairs(row.cells) do
        longest = math.max(longest, #pandoc.utils.stringify(cell.contents))
      end
      for _, cell in ipairs(row.cells) do
        if longest * #row.cells <= 4200 then cell.attributes["typst:breakable"] = "false" end
      end
    end
  end
end

function Table(tbl)
  align_numbers(tbl)
  if not html then
    keep_rows_whole(tbl)
    return tbl
  end
  add_scopes(tbl)
  local label = pandoc.utils.stringify(tbl.caption.long)
  local attr = pandoc.Attr("", { "table-box" },
    { { "role", "region" }, { "tabindex", "0" }, { "aria-label", label } })
  return pandoc.Div({ tbl }, attr)
end

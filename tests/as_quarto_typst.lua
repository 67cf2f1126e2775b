-- Stands in for what Quarto 1.10 does to a document on its way to Typst, after the filters of the extension: content for
-- one format, figures, tables and references to them. For tests where there is no Quarto.

local NAMES = { fig = "Figure", tbl = "Table" }

local function raw(text)
  return pandoc.Plain { pandoc.RawInline("typst", text) }
end

local function quoted(text)
  return '"' .. text:gsub("[\\\"]", "\\%0") .. '"'
end

local inner = {
  Image = function(image)
    local call = "#box(image(" .. quoted(image.src) .. ", alt: " .. quoted(image.attributes["fig-alt"]) .. "))"
    return pandoc.RawInline("typst", call)
  end,
  Table = function(tbl)
    tbl.caption = { long = {} }
    tbl.classes:insert("typst:no-figure")
    return tbl
  end,
}

-- Each piece is a block of its own, so a line break comes before and after the words of the caption.
local function float(id, content, caption, location)
  local kind = id:match("^%a+")
  local blocks = pandoc.Blocks { raw("#figure([") }
  blocks:extend(content:walk(inner))
  blocks:extend { raw("], caption: figure.caption("), raw("position: " .. location .. ", "), raw("[") }
  blocks:insert(pandoc.Plain(caption))
  blocks:extend { raw("]), "), raw('kind: "quarto-float-' .. kind .. '", ') }
  blocks:extend { raw('supplement: "' .. NAMES[kind] .. '", '), raw(")"), raw("<" .. id .. ">") }
  return blocks, false
end

local hidden = {
  Div = function(div)
    local when, unless = div.attributes["when-format"], div.attributes["unless-format"]
    if not (when or unless) then return nil end
    local here = when == "typst" or (unless ~= nil and unless ~= "typst")
    if div.classes:includes("content-visible") == here then return div.content end
    return {}
  end,
}

local floats = {
  traverse = "topdown",
  Figure = function(fig)
    local caption = pandoc.utils.blocks_to_inlines(fig.caption.long)
    return float(fig.identifier, fig.content, caption, fig.attributes["fig-cap-location"] or "bottom")
  end,
  Table = function(tbl)
    local caption = pandoc.utils.blocks_to_inlines(tbl.caption.long)
    local id = caption[#caption].text:match("^{#(tbl%-[^}]+)}$")
    caption:remove()
    if caption[#caption].t == "Space" then caption:remove() end
    return float(id, pandoc.Blocks { tbl }, caption, "top")
  end,
  Div = function(div)
    if not div.identifier:match("^tbl%-") then return nil end
    local content = div.content
    return float(div.identifier, content, content:remove().content, "top")
  end,
}

local references = {
  Cite = function(cite)
    local id = cite.citations[1].id
    return pandoc.RawInline("typst", "#ref(<" .. id .. ">, supplement: [" .. NAMES[id:match("^%a+")] .. "])")
  end,
}

function Pandoc(doc)
  return doc:walk(hidden):walk(floats):walk(references)
end

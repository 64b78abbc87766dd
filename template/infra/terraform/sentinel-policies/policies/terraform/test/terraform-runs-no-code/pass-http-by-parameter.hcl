mock "tfconfig/v2" {
  module {
    source = "mocks/pass-http-by-parameter-config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

param "forbidden_data" {
  value = ["external"]
}

test {
  rules = {
    main = true
  }
}
